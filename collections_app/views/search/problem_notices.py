"""Why a search finds nothing, with links to what may have been meant and to the search without that part."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from collections_app.services.search.problems import Problem
from collections_app.services.search.query import MAX_ITEMS, Item, Query
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.search_urls import get_place_url, get_search_url


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemNotice:
    """`replacement` is the suggested part. The addresses are empty where there is nothing to link to."""

    sentence: str
    replacement: str = ""
    replaced_url: str = ""
    without: str = ""
    without_url: str = ""


def build_notices(search: SearchRequest) -> Sequence[ProblemNotice]:
    return [_build_notice(search, problem) for problem in search.problems]


def _build_notice(search: SearchRequest, problem: Problem) -> ProblemNotice:
    if problem.parameter:
        return ProblemNotice(
            sentence=problem.sentence,
            without=_("this setting"),
            without_url=get_place_url(search, without=problem.parameter),
        )
    if problem.part is None:
        return _build_whole_notice(search, problem)
    replacement: Item | None = problem.replacement  # type: ignore[assignment]
    query = search.query
    return ProblemNotice(
        sentence=problem.sentence,
        replacement=str(replacement or ""),
        replaced_url=get_search_url(search, query.replace(problem.part, replacement)) if replacement else "",
        without=str(problem.part),
        without_url=get_search_url(search, query.remove(problem.part)) if len(query.items) > 1 else "",
    )


def _build_whole_notice(search: SearchRequest, problem: Problem) -> ProblemNotice:
    """If the query has too many parts, link to the search with the first ones."""
    if len(search.query.items) <= MAX_ITEMS:
        return ProblemNotice(sentence=problem.sentence)
    first = Query(search.query.items[:MAX_ITEMS])
    return ProblemNotice(
        sentence=problem.sentence, without=_("the other parts"), without_url=get_search_url(search, first)
    )
