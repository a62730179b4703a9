"""Merges two rankings: the hits of the index, and the pictures whose names contain the words of the query.

Reciprocal rank fusion (Cormack, Clarke & Büttcher, 2009) needs no common scale of scores:

    fused(picture) = 1 / (60 + rank in the index) + 0.5 / (60 + rank by name)

A name matches or it does not, so pictures that match equally share the middle of their ranks. A match that few pictures
have therefore counts more than a match that hundreds have. Names weigh half, because titles may be wrong.
"""

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from enum import Enum

from collections_app.models.text_search import ScopedWords, drop_stop_words
from collections_app.models.words import NameWord, find_words
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import FIRST_HITS

# The constant of the paper. With it, the first ranks differ little, so that agreement counts for most.
_RANK_OFFSET = 60
# See `tests.benchmarks.fusing`. With 1, wrong titles cost three times as much, and right ones gain nothing.
_NAME_WEIGHT = 0.5
# All pages of the same results use this number. Further matches are ranked by the index alone.
MAX_NAME_MATCHES = FIRST_HITS


class NameKind(Enum):
    """The kind of name that contains the words. The name of the file counts as a title."""

    TITLE = "title"
    TAG = "tag"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameMatch:
    """`is_whole`: the picture's own names contain all words, none of them only as the beginning of a longer word."""

    id: int
    sha256: str
    kind: NameKind
    is_whole: bool


def build_words(request: SearchRequest, text: str, *, is_complete: bool = False) -> ScopedWords:
    team_ids, collection_ids = tuple(request.scope.team_ids), tuple(request.scope.collections)
    return ScopedWords(text, team_ids, collection_ids, is_complete=is_complete)


def find_name_matches(request: SearchRequest) -> list[NameMatch]:
    """Return the first MAX_NAME_MATCHES pictures that meet the filters and whose names contain all wanted words.

    "a white dog" matches the title "White dog". Pictures that the query excludes, by words or as examples, are ranked
    by the index alone. One statement, or none for a query without words.
    """
    text = drop_stop_words(request.wanted_text) if request.matches_names else ""
    words = build_words(request, text)
    if request.problems or words.is_empty:
        return []
    named = request.scope.images.matching_names(words)
    rows = request.filters.apply(named, limit=MAX_NAME_MATCHES).values_list(
        "pk", "sha256", "title", "original_name", "tags"
    )
    excluded = [term for term in request.terms if term.weight < 0]
    excluded_ids = {term.value for term in excluded if term.is_example}
    unwanted = [find_words(drop_stop_words(term.value)) for term in excluded if not term.is_example]
    wanted = find_words(text)
    matches = []
    for pk, sha256, title, file_name, tags in rows:
        titles = collect_tokens([title, file_name])
        own = titles | collect_tokens(map(str, tags))
        if str(pk) not in excluded_ids and not any(_has_words(own, each) for each in unwanted):
            kind, is_whole = describe_match(wanted, titles, own)
            matches.append(NameMatch(id=pk, sha256=sha256, kind=kind, is_whole=is_whole))
    return matches


def fuse(found: Sequence[int], tiers: Sequence[Collection[int]]) -> list[int]:
    """Merge ids that the index found, best first, with tiers of ids by their names. No id is in two tiers.

    Only the first FIRST_HITS ranks of the index count, so that a search for more hits begins with the same results.
    """
    scores = {pk: 1 / (_RANK_OFFSET + rank) for rank, pk in enumerate(found[:FIRST_HITS], 1)}
    places = {pk: place for place, pk in enumerate(scores)}
    first_rank = 1
    for tier in tiers:
        middle = first_rank + (len(tier) - 1) / 2
        for pk in tier:
            scores[pk] = scores.get(pk, 0.0) + _NAME_WEIGHT / (_RANK_OFFSET + middle)
        first_rank += len(tier)
    fused = sorted(scores, key=lambda pk: (-scores[pk], places.get(pk, FIRST_HITS), -pk))
    return [*fused, *(pk for pk in found[FIRST_HITS:] if pk not in scores)]


def describe_match(wanted: Sequence[NameWord], titles: Set[str], own: Set[str]) -> tuple[NameKind, bool]:
    """Return the kind of name that contains the words, and whether the picture's own names contain all of them whole.

    `titles` are the tokens of the title and the file name, `own` are these and the tokens of the tags.
    """
    if _has_words(titles, wanted, is_prefix_enough=True):
        return NameKind.TITLE, _has_words(own, wanted)
    if _has_words(own, wanted, is_prefix_enough=True):
        return NameKind.TAG, _has_words(own, wanted)
    return NameKind.COLLECTION, False


def collect_tokens(names: Iterable[str]) -> set[str]:
    return {token for name in names for word in find_words(name) for token in word.tokens}


def _has_words(tokens: Set[str], words: Sequence[NameWord], *, is_prefix_enough: bool = False) -> bool:
    """Return whether all words are there. The last one may be the beginning of a word if `is_prefix_enough`."""
    if not all(_has_word(tokens, word) for word in words[:-1]) or not words:
        return False
    beginning = words[-1].joined
    is_prefix = is_prefix_enough and any(token.startswith(beginning) for token in tokens)
    return is_prefix or _has_word(tokens, words[-1])


def _has_word(tokens: Set[str], word: NameWord) -> bool:
    if word.is_unspaced:
        # Scripts without blanks have no whole words, so a part of a name is enough.
        return set(word.pairs) <= tokens if word.pairs else any(token.startswith(word.text) for token in tokens)
    return word.joined in tokens or (bool(word.parts) and set(word.parts) <= tokens)
