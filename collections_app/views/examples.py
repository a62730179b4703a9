"""Example pictures for a search: taken in, shown again in their chip. Nothing of them stays beyond an hour."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.errors import EncoderError, InvalidImage
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.models import Example
from collections_app.receiving import refusal_of
from collections_app.services.examples import keep_example
from collections_app.services.query_language import Part
from collections_app.services.questions import read_question
from collections_app.templatetags.searching import search_address
from collections_app.wording import in_words

MAX_AT_ONCE = 5


@require_POST
@signed_in
def add_example(request: SignedInRequest) -> HttpResponse:
    """Add the pictures sent to the query sent, and go to its results; what is no picture is said there."""
    question = read_question(user=request.user, asked=request.POST)
    query = question.query
    for token in _kept(request, request.FILES.getlist("example")):
        query = query.with_item(Part(value=token, is_example=True))
    return redirect(search_address(question, query))


@require_safe
@signed_in
def example_thumbnail(request: SignedInRequest, token: str) -> HttpResponse:
    example = get_object_or_404(Example.objects.usable_by(request.user), token=token)
    answer = HttpResponse(bytes(example.thumbnail), content_type=THUMBNAIL_CONTENT_TYPE)
    answer["Cache-Control"] = "private, max-age=1800"
    return answer


def _kept(request: SignedInRequest, files: Sequence[UploadedFile[Any]]) -> list[str]:
    tokens = []
    if not files:
        messages.warning(request, _("Choose a picture first."))
    if len(files) > MAX_AT_ONCE:
        messages.warning(request, _("Only the first %(count)s pictures were taken.") % {"count": MAX_AT_ONCE})
    for file in files[:MAX_AT_ONCE]:
        if refusal := refusal_of(file):
            messages.error(request, _("%(file)s: %(reason)s") % {"file": file.name, "reason": refusal.error})
            continue
        try:
            tokens.append(keep_example(user=request.user, file=file.file).token)  # type: ignore[arg-type]
        except (InvalidImage, EncoderError) as error:
            problem = {"file": file.name, "reason": in_words(error)}
            messages.error(request, _("%(file)s: %(reason)s") % problem)
    return tokens
