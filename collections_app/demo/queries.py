"""The queries that measure the small CLIP, by family."""

from collections.abc import Iterable

from collections_app.demo.captions import (
    COUNT_WORDS,
    SURROUNDING_PHRASES,
    SYNONYMS,
    Caption,
    Wish,
    add_article,
    make_plural,
)
from collections_app.demo.scenes import (
    COLOURS,
    HELD_OUT_COMBINATIONS,
    KINDS,
    MAX_COUNT,
    SURROUNDINGS,
    TRAINED_COMBINATIONS,
)

WHITE_DOG = Caption(text="a white dog", wishes=(Wish(kind="dog", colour="white"),))


def build_query_families() -> dict[str, list[Caption]]:
    """Return queries with the facts that make a picture right, by the name of the family."""
    return {
        "a colour thing": build_colour_queries(TRAINED_COMBINATIONS),
        "a colour thing, never trained": build_colour_queries(HELD_OUT_COMBINATIONS),
        "thing": [Caption(text=kind, wishes=(Wish(kind=kind),)) for kind in KINDS],
        "colour": [Caption(text=colour, wishes=(Wish(colour=colour),)) for colour in COLOURS],
        "synonym": [
            Caption(text=add_article(word), wishes=(Wish(kind=kind),)) for kind in SYNONYMS for word in SYNONYMS[kind]
        ],
        "count things": [_build_count_query(kind, count) for kind in KINDS for count in range(2, MAX_COUNT + 1)],
        "surrounding": [
            Caption(text=phrase, surrounding=surrounding)
            for surrounding in SURROUNDINGS
            for phrase in SURROUNDING_PHRASES[surrounding]
        ],
        "a thing in a surrounding": [
            _build_surrounding_query(kind, surrounding) for kind in KINDS for surrounding in SURROUNDINGS
        ],
    }


def build_colour_queries(combinations: Iterable[tuple[str, str]]) -> list[Caption]:
    """Return "a {colour} {thing}" for each combination of kind and colour."""
    return [
        Caption(text=add_article(f"{colour} {kind}"), wishes=(Wish(kind=kind, colour=colour),))
        for kind, colour in combinations
    ]


def _build_count_query(kind: str, count: int) -> Caption:
    return Caption(text=f"{COUNT_WORDS[count][0]} {make_plural(kind)}", wishes=(Wish(kind=kind, count=count),))


def _build_surrounding_query(kind: str, surrounding: str) -> Caption:
    text = f"{add_article(kind)} {SURROUNDING_PHRASES[surrounding][0]}"
    return Caption(text=text, wishes=(Wish(kind=kind),), surrounding=surrounding)
