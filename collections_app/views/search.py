"""The search page: a sentence in, pictures out. A failure says so with status 503; it is never an empty result."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.errors import EncoderError, IndexUnavailable
from collections_app.models import Collection
from collections_app.models.image import ImageQuerySet
from collections_app.services.questions import answer, read_question
from collections_app.services.search import Scope
from collections_app.views.marks import judged_hits
from collections_app.views.paging import requested_page
from collections_app.views.recent_searches import keeping_beside, remember_if_typed


@require_safe
@signed_in
def search(request: SignedInRequest) -> HttpResponse:
    question = read_question(user=request.user, asked=request.GET)
    targets = Collection.objects.editable_by(request.user).select_related("team")
    keeping = keeping_beside(request, question)
    context: dict[str, object] = {"question": question, "targets": targets, "keeping": keeping}
    try:
        found = answer(question) if question.text else _latest(question.scope)
        context["page"] = page = requested_page(request, found)
    except (EncoderError, IndexUnavailable) as error:
        return render(request, "search.html", {**context, "failure": str(error)}, status=503)
    if question.text:
        remember_if_typed(request)
        context["judged"] = judged_hits(request, question.text, page)
    return render(request, "search.html", context)


def _latest(scope: Scope) -> ImageQuerySet:
    return scope.images.with_collection().latest_first()
