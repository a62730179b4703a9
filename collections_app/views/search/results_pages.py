"""Cutting an answer into stretches that follow each other while one scrolls, or page by page without scripts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from collections_app.models.image import ImageQuerySet
from collections_app.services.search.relevance import NO_CUTOFFS, Cutoffs
from collections_app.services.search.results import SearchResults, Verdict
from collections_app.services.search.retrieval import RankedImage, ScoredImage, rows_of
from collections_app.views.paging import PAGE_SIZE

# So many come with the page itself, which is there the sooner; what follows comes with more at a time.
FIRST_SIZE = 24
# What an address says of a stretch: where it starts, behind which picture, and where the answer is divided.
START, BEHIND, CUT, ALL = "start", "behind", "cut", "all"
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Pictures that follow each other; `opens` is "likely" or "maybe" where they are the first of those."""

    opens: str
    results: list[ScoredImage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """`start` counts from 1; `following` and `preceding` are the queries of their addresses, empty where none is."""

    parts: list[Part]
    start: int
    following: str
    preceding: str

    @property
    def results(self) -> list[ScoredImage]:
        return [result for part in self.parts for result in part.results]


def asked_divider(request: HttpRequest) -> Cutoffs | None:
    """Return the divider that the address brings along, or the one that shows everything; None: it is to be found."""
    if ALL in request.GET:
        return NO_CUTOFFS
    try:
        likely, maybe = map(float, request.GET.get(CUT, "").split("_"))
    except ValueError:
        return None
    return None if math.isnan(likely) or math.isnan(maybe) else Cutoffs(likely=likely, maybe=maybe)


def asked_stretch(request: HttpRequest, found: SearchResults, images: ImageQuerySet) -> Stretch:
    """Return the stretch that the address names: behind the picture that was shown last, wherever it is by now."""
    start = _start(request, found.ranked)
    end = start + (PAGE_SIZE if start else FIRST_SIZE)
    first_maybe = found.likely if found.verdict is Verdict.DIVIDED else len(found.ranked)
    spans = [(start, min(end, first_maybe), "likely"), (max(start, first_maybe), end, "maybe")]
    places = {each.id: place for place, each in enumerate(found.ranked[start:end], start)}
    rows = rows_of(found.ranked[start:end], images=images)
    parts = [
        Part(
            opens=name if first in (0, first_maybe) else "",
            results=[row for row in rows if first <= places[row.image.pk] < last],
        )
        for first, last, name in spans
        if found.ranked[first:last] and first < last
    ]
    return Stretch(
        parts=parts,
        start=start + 1,
        following=_address(request, found, end) if end < len(found.ranked) else "",
        preceding=_address(request, found, max(0, start - PAGE_SIZE)) if start else "",
    )


def _start(request: HttpRequest, ranked: Sequence[RankedImage]) -> int:
    behind = _number(request, BEHIND)
    for place, each in enumerate(ranked if behind else ()):
        if each.id == behind:
            return place + 1
    return min(_number(request, START), len(ranked))


def _number(request: HttpRequest, name: str) -> int:
    sent = request.GET.get(name, "")
    return int(sent) if sent.isdecimal() and len(sent) <= _MAX_DIGITS else 0


def _address(request: HttpRequest, found: SearchResults, start: int) -> str:
    asked: QueryDict = request.GET.copy()
    for name in (START, BEHIND, CUT):
        asked.pop(name, None)
    if start:
        asked[START] = str(start)
        asked[BEHIND] = str(found.ranked[start - 1].id)
    if start and found.divider != NO_CUTOFFS:
        asked[CUT] = f"{found.divider.likely!r}_{found.divider.maybe!r}"
    return asked.urlencode()
