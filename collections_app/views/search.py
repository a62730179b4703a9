"""The search page: words and examples in, pictures out. A failure says so with 503; it is never an empty result."""

from functools import reduce

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.errors import EncoderError, IndexUnavailable, ModelLoading, NotIndexed
from collections_app.models import Collection
from collections_app.models.image import ImageQuerySet
from collections_app.services.query_language import KEYS, Condition, Query
from collections_app.services.questions import answer, read_question
from collections_app.services.search import Scope
from collections_app.templatetags.searching import search_address
from collections_app.views.chips import chips_of
from collections_app.views.marks import judged_hits
from collections_app.views.paging import requested_page
from collections_app.views.recent_searches import keeping_beside, remember_if_typed
from collections_app.views.waiting import still_loading
from collections_app.wording import in_words


@require_safe
@signed_in
def search(request: SignedInRequest) -> HttpResponse:
    """The form's fields beside the box become part of the line: the address holds the whole query in `q`."""
    question = read_question(user=request.user, asked=request.GET)
    if chosen := [Condition(key=key, value=request.GET[key]) for key in KEYS if request.GET.get(key) and key != "team"]:
        return redirect(search_address(question, reduce(Query.with_item, chosen, question.query)))
    targets = Collection.objects.editable_by(request.user).select_related("team")
    context: dict[str, object] = {
        "question": question,
        "chips": chips_of(question),
        "targets": targets,
        "keeping": keeping_beside(request, question),
    }
    try:
        found = answer(question) if question.text else _latest(question.scope)
        context["page"] = page = requested_page(request, found)
    except ModelLoading:
        return still_loading(request)
    except ValueError:
        question.problems.append(_("The parts of your search cancel each other out: nothing is left to look for."))
        return render(request, "search.html", context)
    except (EncoderError, IndexUnavailable, NotIndexed) as error:
        return render(request, "search.html", {**context, "failure": in_words(error)}, status=503)
    if question.text:
        remember_if_typed(request)
        context["judged"] = judged_hits(request, question.text, page)
    return render(request, "search.html", context)


def _latest(scope: Scope) -> ImageQuerySet:
    return scope.images.with_collection().latest_first()
