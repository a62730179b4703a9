"""The search page: words and examples in, pictures out. A failure says so with 503; it is never an empty result."""

from functools import reduce

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.errors import EncoderError, IndexUnavailable, ModelLoading, NotIndexed
from collections_app.services.answers import answer, named_pictures
from collections_app.services.query_language import KEYS, Condition, Query
from collections_app.services.questions import Question, read_question
from collections_app.services.search import MAX_HITS
from collections_app.services.sheets import MAX_ROWS
from collections_app.templatetags.searching import search_address
from collections_app.views.chips import chips_of
from collections_app.views.marks import judged_hits
from collections_app.views.paging import requested_page
from collections_app.views.recent_searches import keeping_beside, remember_if_typed
from collections_app.views.stretches import asked_divider, asked_stretch
from collections_app.views.waiting import still_loading
from collections_app.wording import in_words

# So many pictures that are called so stand above the similar ones; `names` in the address shows all.
FIRST_NAMED = 12
NAMES = "names"

Context = dict[str, object]


@require_safe
@signed_in
def search(request: SignedInRequest) -> HttpResponse:
    """The form's fields beside the box become part of the line: the address holds the whole query in `q`."""
    question = read_question(user=request.user, asked=request.GET)
    if chosen := [Condition(key=key, value=request.GET[key]) for key in KEYS if request.GET.get(key) and key != "team"]:
        return redirect(search_address(question, reduce(Query.with_item, chosen, question.query)))
    if request.htmx and question.text:
        return _answered(request, question, {"question": question})
    context: Context = {
        "question": question,
        "chips": chips_of(question),
        "targets": [each for each in question.collections if each.is_editable],
        "keeping": keeping_beside(request, question),
    }
    if not question.text:
        latest = question.scope.images.with_collection().latest_first()
        return render(request, "search.html", {**context, "page": requested_page(request, latest)})
    if NAMES in request.GET:
        named = named_pictures(question, limit=MAX_HITS)
        return render(request, "search.html", {**context, "all_named": requested_page(request, named)})
    return _answered(request, question, {**context, **_first_named(question)})


def _answered(request: SignedInRequest, question: Question, context: Context) -> HttpResponse:
    """The page with the first pictures, or for htmx those that follow."""
    try:
        found = answer(question, divider=asked_divider(request))
    except ModelLoading:
        return still_loading(request)
    except ValueError:
        question.problems.append(_("The parts of your search cancel each other out: nothing is left to look for."))
        return render(request, "search.html", context)
    except (EncoderError, IndexUnavailable, NotIndexed) as error:
        return render(request, "search.html", {**context, "failure": in_words(error)}, status=503)
    stretch = asked_stretch(request, found, question.scope.images)
    context |= {"answer": found, "stretch": stretch, "sheet_rows": range(1, MAX_ROWS + 1)}
    if request.htmx:
        return render(request, "_stretch.html", context)
    remember_if_typed(request)
    context["judged"] = judged_hits(request, question.text, stretch.results)
    return render(request, "search.html", context)


def _first_named(question: Question) -> Context:
    named = named_pictures(question, limit=FIRST_NAMED + 1)
    return {"named": named[:FIRST_NAMED], "has_more_named": len(named) > FIRST_NAMED}
