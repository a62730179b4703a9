"""The queries by which the small CLIP is judged, by family; used by the evaluation and by tests."""

from collections.abc import Iterable

from collections_app.demo.captions import (
    COUNT_WORDS,
    SURROUNDING_PHRASES,
    SYNONYMS,
    Caption,
    Wish,
    plural_of,
    with_article,
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


def question_families() -> dict[str, list[Caption]]:
    """Queries with the facts that make a picture right, by the name of the family."""
    return {
        "a colour thing": coloured_questions(TRAINED_COMBINATIONS),
        "a colour thing, never trained": coloured_questions(HELD_OUT_COMBINATIONS),
        "thing": [Caption(text=kind, wishes=(Wish(kind=kind),)) for kind in KINDS],
        "colour": [Caption(text=colour, wishes=(Wish(colour=colour),)) for colour in COLOURS],
        "synonym": [
            Caption(text=with_article(word), wishes=(Wish(kind=kind),)) for kind in SYNONYMS for word in SYNONYMS[kind]
        ],
        "count things": [_counted(kind, count) for kind in KINDS for count in range(2, MAX_COUNT + 1)],
        "surrounding": [
            Caption(text=phrase, surrounding=place) for place in SURROUNDINGS for phrase in SURROUNDING_PHRASES[place]
        ],
        "a thing in a surrounding": [_placed(kind, place) for kind in KINDS for place in SURROUNDINGS],
    }


def coloured_questions(combinations: Iterable[tuple[str, str]]) -> list[Caption]:
    """ "a {colour} {thing}" for each combination of kind and colour."""
    return [
        Caption(text=with_article(f"{colour} {kind}"), wishes=(Wish(kind=kind, colour=colour),))
        for kind, colour in combinations
    ]


def _counted(kind: str, count: int) -> Caption:
    return Caption(text=f"{COUNT_WORDS[count][0]} {plural_of(kind)}", wishes=(Wish(kind=kind, count=count),))


def _placed(kind: str, place: str) -> Caption:
    text = f"{with_article(kind)} {SURROUNDING_PHRASES[place][0]}"
    return Caption(text=text, wishes=(Wish(kind=kind),), surrounding=place)
