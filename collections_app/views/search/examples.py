"""Example pictures for a search: taken in, shown again in their chip. Nothing of them stays beyond an hour."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import EncoderError, InvalidImage
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.messages import in_words
from collections_app.models import Example
from collections_app.permissions import SignedInRequest
from collections_app.services.search.example_images import keep_example
from collections_app.services.search.query import Part
from collections_app.services.search.request import parse_search_request
from collections_app.upload_handlers import refusal_of
from collections_app.views.search.redirects import go_on

MAX_AT_ONCE = 5


@require_POST
def example_add(request: SignedInRequest) -> HttpResponse:
    """Add the pictures sent to the query sent, and go to its results; what is no picture is said there."""
    question = parse_search_request(user=request.user, asked=request.POST)
    query = question.query
    for token in _kept(request, request.FILES.getlist("example")):
        query = query.with_item(Part(value=token, is_example=True))
    return go_on(request, question, query)


@require_safe
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
