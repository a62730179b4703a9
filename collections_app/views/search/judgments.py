"""Judging results: hits are marked as right or wrong for what was asked."""

from collections.abc import Iterable

from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from collections_app.forms import JudgmentForm
from collections_app.permissions import SignedInRequest, visible_image_or_404
from collections_app.services.evaluation.judgments import mark_image, marks_on
from collections_app.services.search.retrieval import ScoredImage


def judged_hits(
    request: SignedInRequest, text: str, hits: Iterable[ScoredImage]
) -> list[tuple[ScoredImage, bool | None]] | None:
    """Return hits with what one said of them (None: nothing yet); None where results are shown, not judged."""
    if "judge" not in request.GET:
        return None
    shown = list(hits)
    marks = marks_on(user=request.user, text=text, images=[hit.image for hit in shown])
    return [(hit, marks.get(hit.image.pk)) for hit in shown]


@require_POST
def image_mark(request: SignedInRequest, pk: int) -> HttpResponse:
    """For htmx the two buttons anew; otherwise back to the page of results."""
    image = visible_image_or_404(request.user, pk)
    form = JudgmentForm(request.POST)
    if not form.is_valid():
        raise BadRequest("A mark names what was asked, and says right, wrong or nothing.")
    said = form.cleaned_data
    mark_image(user=request.user, image=image, text=said["q"], is_right=said["is_right"])
    if request.htmx:
        context = {"image": image, "text": said["q"], "is_right": said["is_right"], "back": said["back"]}
        return render(request, "partials/_rating_buttons.html", context)
    return redirect(f"{reverse('search')}?{QueryDict(said['back']).urlencode()}#mark-{pk}")
