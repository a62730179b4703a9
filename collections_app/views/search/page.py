"""The search page: words and examples in, pictures out. A failure says so with 503; it is never an empty result.

While the index searches, the page around the answer is made; it is sent as soon as the index has answered, and the
pictures follow it.
"""

from functools import partial, reduce

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.errors import CancelledOut, ImageSearchError, ModelLoading
from collections_app.messages import in_words
from collections_app.models import Collection
from collections_app.permissions import SignedInRequest
from collections_app.services.library.contact_sheet import MAX_ROWS
from collections_app.services.search.query import KEYS, Condition, Query
from collections_app.services.search.request import SearchRequest, parse_search_request
from collections_app.services.search.results import Nearest, answer, find_title_matches, look_up, visible_answer
from collections_app.services.search.retrieval import MAX_HITS
from collections_app.views.paging import requested_page
from collections_app.views.search.chips import chips_of
from collections_app.views.search.judgments import judged_hits
from collections_app.views.search.loading import still_loading
from collections_app.views.search.recent import keeping_beside, remember_if_typed
from collections_app.views.search.redirects import go_on
from collections_app.views.search.results_pages import asked_divider, asked_stretch
from collections_app.views.search.streaming import page_around, streamed

# So many pictures that are called so stand above the similar ones; `names` in the address shows all.
FIRST_NAMED = 12
NAMES = "names"

Context = dict[str, object]


@require_safe
def search(request: SignedInRequest) -> HttpResponseBase:
    """The form's fields beside the box become part of the line: the address holds the whole query in `q`."""
    question = parse_search_request(user=request.user, asked=request.GET)
    if chosen := [Condition(key=key, value=request.GET[key]) for key in KEYS if request.GET.get(key) and key != "team"]:
        return go_on(request, question, reduce(Query.with_item, chosen, question.query))
    if not question.text:
        latest = question.scope.images.with_collection().latest_first()
        return render(
            request, "search/search.html", {**_head(request, question), "page": requested_page(request, latest)}
        )
    if NAMES in request.GET:
        named = requested_page(request, find_title_matches(question, limit=MAX_HITS))
        return render(request, "search/search.html", {**_head(request, question), "all_named": named})
    return _answered(request, question)


def _answered(request: SignedInRequest, question: SearchRequest) -> HttpResponseBase:
    """The page with the first pictures, or for htmx those that follow."""
    divider = asked_divider(request)
    try:
        if request.htmx:
            found = answer(question, divider=divider)
            stretch = asked_stretch(request, found, question.scope.images)
            return render(
                request, "partials/_results_page.html", {"question": question, "answer": found, "stretch": stretch}
            )
        nearest = look_up(question, divider=divider)
        context = _before(request, question)
        around = page_around(request, "search/search.html", context)
        return streamed(
            request, around, "partials/_answer.html", partial(_after, request, context, question, nearest())
        )
    except ImageSearchError as error:
        return _failed(request, question, error)


def _failed(request: SignedInRequest, question: SearchRequest, error: ImageSearchError) -> HttpResponse:
    if isinstance(error, ModelLoading):
        return still_loading(request)
    context = _before(request, question)
    if isinstance(error, CancelledOut):
        question.problems.append(in_words(error))
        return render(request, "search/search.html", context)
    return render(request, "search/search.html", {**context, "failure": in_words(error)}, status=503)


def _head(request: SignedInRequest, question: SearchRequest) -> Context:
    return {"question": question, "chips": chips_of(question), "keeping": keeping_beside(request, question)}


def _before(request: SignedInRequest, question: SearchRequest) -> Context:
    named = find_title_matches(question, limit=FIRST_NAMED + 1)
    return {
        **_head(request, question),
        "named": named[:FIRST_NAMED],
        "has_more_named": len(named) > FIRST_NAMED,
    }


def _after(request: SignedInRequest, before: Context, question: SearchRequest, nearest: Nearest) -> Context:
    remember_if_typed(request)
    found = visible_answer(question, nearest)
    stretch = asked_stretch(request, found, question.scope.images)
    return {
        **before,
        "answer": found,
        "stretch": stretch,
        "judged": judged_hits(request, question.text, stretch.results),
        "sheet_rows": range(1, MAX_ROWS + 1),
        "targets": Collection.objects.editable_by(request.user).select_related("team"),
    }
