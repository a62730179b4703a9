"""The search page: a query in, pages of results out. A failure is a 503 with a sentence, never an empty result."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from collections_app.context_processors import read_site
from collections_app.errors import CancelledOut, ImageSearchError, ModelLoading, SearchNotUnderstood
from collections_app.messages import describe_error
from collections_app.metrics import measure_stage
from collections_app.models import Collection, Image, User
from collections_app.models.ids import parse_id
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.services.library.contact_sheet import MAX_ROWS
from collections_app.services.search.relevance import NO_CUTOFFS, Cutoffs
from collections_app.services.search.request import (
    SearchRequest,
    parse_search_request,
    read_form_items,
    require_understood,
)
from collections_app.services.search.results import (
    Result,
    ScoredId,
    SearchResults,
    find_by_names,
    join_rows,
    run_search,
    start_search,
)
from collections_app.services.search.retrieval import MAX_HITS
from collections_app.templatetags.search_urls import get_text_url
from collections_app.views.paging import PAGE_SIZE, PictureList
from collections_app.views.search.chips import build_chips
from collections_app.views.search.filter_chips import build_filter_chips
from collections_app.views.search.judgments import get_rated_results
from collections_app.views.search.problem_notices import build_notices
from collections_app.views.search.recent import build_history, record_search_if_typed

# The first page is small, so that it arrives sooner; the following ones are larger. A script sets the cookie in windows
# that show more pictures.
FIRST_PAGE_SIZE = 24
LARGE_WINDOW_COOKIE = "large_window"
LOADING_RETRY_S = 2
# Parameters of the address. `offset` and the values of `after_id`, the pictures of the page before, say where a results
# page begins; `cutoffs` how the first page was split, and by which model; `all` shows unlikely results.
OFFSET, AFTER_ID, CUTOFFS, ALL = "offset", "after_id", "cutoffs", "all"

Context = dict[str, object]

# The frame of the page has this mark where the content belongs. Text of people is escaped, so it never contains it.
_CONTENT_MARK = mark_safe("<!-- content -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Consecutive results. `heading` is "likely" or "possible" if they are the first of these, else ""."""

    heading: str
    results: Sequence[Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """One page of results. `start` counts from 1; `next_query` and `previous_query` are query strings or ""."""

    sections: Sequence[Section]
    start: int
    next_query: str
    previous_query: str

    @property
    def results(self) -> list[Result]:
        return [result for section in self.sections for result in section.results]


@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    """Filters of the form become part of the query, so that `q` in the address contains all of it."""
    search_request = parse_search_request(user=request.user, parameters=request.GET)
    if read_form_items(request.GET):
        return redirect(get_text_url(search_request, search_request.text))
    if request.htmx and search_request.text:
        return _render_next_page(request, search_request)
    if search_request.problems or not search_request.text:
        return _render_without_search(request, search_request)
    try:
        finish = start_search(search_request, cutoffs=read_cutoffs(request), wanted=_count_wanted(request))
        context = _build_context(request, search_request)
        frame = _render_frame(request, {**context, "has_results": True})
        results = finish()
    except ImageSearchError as error:
        return _render_failure(request, search_request, error)
    page = get_results_page(request, results, search_request.scope.images)
    record_search_if_typed(request)
    context |= {
        "results": results,
        "results_page": page,
        "rated_results": get_rated_results(request, search_request.text, page.results),
        "sheet_rows": range(1, MAX_ROWS + 1),
        "max_hits": MAX_HITS,
    }
    with measure_stage("render"):
        return _render_page(request, context, frame=frame if results.ranked else "")


def render_loading(request: HttpRequest, *, frame: str = "base.html", **context: object) -> HttpResponse:
    """Return the page that waits for the model and then loads itself again. The context is for its frame."""
    context |= {"frame": frame, "retry_s": LOADING_RETRY_S}
    response = render(request, "search/loading.html", context, status=503)
    response["Retry-After"] = str(LOADING_RETRY_S)
    return response


def read_cutoffs(request: HttpRequest) -> Cutoffs | None:
    """Return the cutoffs of the address, NO_CUTOFFS where it asks for all results, or None."""
    likely, possible, tag = [*request.GET.get(CUTOFFS, "").split("_", 2), "", ""][:3]
    if ALL in request.GET:
        return replace(NO_CUTOFFS, model_tag=tag)
    try:
        sent = Cutoffs(likely=float(likely), possible=float(possible), model_tag=tag)
    except ValueError:
        return None
    return None if math.isnan(sent.likely) or math.isnan(sent.possible) else sent


def get_results_page(request: HttpRequest, results: SearchResults, images: ImageQuerySet) -> ResultsPage:
    """Return the results that follow the last shown picture (`after_id`), or else those from `offset`."""
    start = _find_start(request, results.ranked)
    is_large = OFFSET in request.GET or request.COOKIES.get(LARGE_WINDOW_COOKIE) == "1"
    end = start + (PAGE_SIZE if is_large else FIRST_PAGE_SIZE)
    first_possible = results.likely_count if results.is_split else len(results.ranked)
    ranks = {each.id: rank for rank, each in enumerate(results.ranked[start:end], start)}
    rows = join_rows(results.ranked[start:end], images=images)
    spans = [(start, min(end, first_possible), "likely"), (max(start, first_possible), end, "possible")]
    sections = [
        Section(
            heading=name if first in (0, first_possible) else "",
            results=[row for row in rows if first <= ranks[row.image.pk] < last],
        )
        for first, last, name in spans
        if results.ranked[first:last] and first < last
    ]
    has_next = end < len(results.ranked) or (results.has_more and results.is_first_part)
    return ResultsPage(
        sections=sections,
        start=start + 1,
        next_query=_build_page_query(request, results, min(end, len(results.ranked))) if has_next else "",
        previous_query=_build_page_query(request, results, max(0, start - PAGE_SIZE)) if start else "",
    )


def list_pictures(user: User, search_request: SearchRequest) -> PictureList:
    """Return all pictures of the place that a request without a query names."""
    scope, collections = search_request.scope, Collection.objects.visible_to(user)
    if search_request.is_restricted:
        collections = collections.filter(Q(team__in=scope.team_ids) | Q(pk__in=scope.collections))
    restorable = Collection.objects.restorable_by(user)
    return PictureList(images=Image.objects.not_trashed(), collections=collections, restorable=restorable)


def _render_next_page(request: SignedInRequest, search_request: SearchRequest) -> HttpResponse:
    """Answer htmx, which loads more results as the person scrolls."""
    try:
        require_understood(search_request)
        results = run_search(search_request, cutoffs=read_cutoffs(request), wanted=_count_wanted(request))
    except ImageSearchError as error:
        status = 400 if isinstance(error, SearchNotUnderstood) else 503
        return HttpResponse(describe_error(error), status=status, content_type="text/plain")
    page = get_results_page(request, results, search_request.scope.images)
    context = {"search": search_request, "results": results, "page": page, "is_continued": True}
    with measure_stage("render"):
        return render(request, "search/_results_page.html", context)


def _build_context(request: SignedInRequest, search_request: SearchRequest) -> Context:
    """Return what the page shows beside the results. `search` calls this while the index is searched."""
    chips = build_chips(search_request)
    bar = {"search": search_request, "chips": chips, "filter_chips": build_filter_chips(search_request)}
    return {
        "our_site": read_site(request),
        "search": search_request,
        "chips": chips,
        "filter_bar": render_to_string("search/_filter_bar.html", {**bar, "user": request.user}),
        "history": build_history(request, search_request),
    }


def _render_without_search(request: SignedInRequest, search_request: SearchRequest) -> HttpResponse:
    """Show why nothing can be searched, or the latest pictures if there is no query."""
    context = _build_context(request, search_request)
    if search_request.problems:
        context["notices"] = build_notices(search_request)
    else:
        context["page"] = list_pictures(request.user, search_request).get_page(request)
    return _render_page(request, context)


def _render_failure(request: SignedInRequest, search_request: SearchRequest, error: ImageSearchError) -> HttpResponse:
    """Show the error, with the matches by name, which need no model and no index."""
    if isinstance(error, ModelLoading):
        return render_loading(request)
    named = find_by_names(search_request).ranked[:PAGE_SIZE]
    context = _build_context(request, search_request)
    context["named_results"] = join_rows(named, images=search_request.scope.images)
    if isinstance(error, CancelledOut):
        return _render_page(request, {**context, "problem": describe_error(error)})
    return _render_page(request, {**context, "failure": describe_error(error)}, status=503)


def _render_page(request: SignedInRequest, context: Context, *, frame: str = "", status: int = 200) -> HttpResponse:
    """Put the content into the frame, which is rendered here unless it is given."""
    before, _mark, after = (frame or _render_frame(request, context)).partition(_CONTENT_MARK)
    content = render_to_string("search/_content.html", context, request)
    return HttpResponse(f"{before}{content}{after}", status=status)


def _render_frame(request: SignedInRequest, context: Context) -> str:
    """Return the page without its content. `search` calls this while the index is searched, with `has_results`."""
    return render_to_string("search/search.html", {**context, "content": _CONTENT_MARK}, request)


def _count_wanted(request: HttpRequest) -> int:
    """Return how many results this page and the next one need, as new pictures may move the start."""
    offset = parse_id(request.GET.get(OFFSET, "")) or 0
    return offset + 2 * PAGE_SIZE


def _find_start(request: HttpRequest, ranked: Sequence[ScoredId]) -> int:
    """Return the place after the last one of the pictures of `after_id` that is still among the results.

    If none is, as many results are missing before `offset`.
    """
    after = [pk for text in request.GET.getlist(AFTER_ID)[-PAGE_SIZE:] if (pk := parse_id(text))]
    places = {each.id: place for place, each in enumerate(ranked if after else (), 1)}
    if found := next((places[pk] for pk in reversed(after) if pk in places), 0):
        return found
    offset = parse_id(request.GET.get(OFFSET, "")) or 0
    return min(max(0, offset - len(after)), len(ranked))


def _build_page_query(request: HttpRequest, results: SearchResults, start: int) -> str:
    parameters = request.GET.copy()
    for name in (OFFSET, AFTER_ID, CUTOFFS):
        parameters.pop(name, None)
    if start:
        parameters[OFFSET] = str(start)
        parameters.setlist(AFTER_ID, [str(each.id) for each in results.ranked[max(0, start - PAGE_SIZE) : start]])
    cutoffs = results.cutoffs
    if start and cutoffs.model_tag:
        parameters[CUTOFFS] = f"{cutoffs.likely!r}_{cutoffs.possible!r}_{cutoffs.model_tag}"
    return parameters.urlencode()
