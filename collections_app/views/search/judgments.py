"""Rating results: a person says whether a picture is right or wrong for a query."""

from collections.abc import Sequence

from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from collections_app.forms import JudgmentForm
from collections_app.permissions import SignedInRequest, get_visible_image
from collections_app.services.evaluation.judgments import get_judgments, record_judgment
from collections_app.services.search.results import Result


def get_rated_results(
    request: SignedInRequest, text: str, results: Sequence[Result]
) -> list[tuple[Result, bool | None]] | None:
    """Return None unless the page is for rating, or else each result with its judgment (None if it has none)."""
    if "rate" not in request.GET:
        return None
    judgments = get_judgments(user=request.user, text=text, images=[each.image for each in results])
    return [(each, judgments.get(each.image.pk)) for each in results]


@require_POST
def image_judgment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Answer htmx with the changed buttons; redirect other clients to the results."""
    image = get_visible_image(request.user, pk)
    form = JudgmentForm(request.POST)
    if not form.is_valid():
        raise BadRequest("A judgment names the query and says right, wrong or nothing.")
    sent = form.cleaned_data
    record_judgment(user=request.user, image=image, text=sent["q"], is_right=sent["is_right"])
    if request.htmx:
        context = {"image": image, "text": sent["q"], "is_right": sent["is_right"], "back": sent["back"]}
        return render(request, "partials/_rating_buttons.html", context)
    return redirect(f"{reverse('search')}?{QueryDict(sent['back']).urlencode()}#rating-{pk}")
