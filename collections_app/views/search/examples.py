"""Example pictures for a search: uploaded, and shown in their chip. They expire within the hour."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import EncoderError, InvalidImage
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.messages import describe_error
from collections_app.models import Example
from collections_app.permissions import SignedInRequest
from collections_app.services.search.example_images import store_example
from collections_app.services.search.query import Term, extend_query_text
from collections_app.services.search.request import parse_search_request
from collections_app.templatetags.search_urls import get_text_url
from collections_app.upload_handlers import get_upload_rejection
from collections_app.views.request_budget import RequestBudget

MAX_FILES = 5


@require_POST
def example_add(request: SignedInRequest) -> HttpResponse:
    """Add the uploaded pictures to the query and show its results, with a message for each file that was refused."""
    search = parse_search_request(user=request.user, parameters=request.POST)
    tokens = _store_examples(request, request.FILES.getlist("example"))
    terms = [Term(value=token, is_example=True) for token in tokens]
    return redirect(get_text_url(search, extend_query_text(request.POST.get("q", ""), terms) if terms else search.text))


@require_safe
def example_thumbnail(request: SignedInRequest, token: str) -> HttpResponse:
    example = get_object_or_404(Example.objects.unexpired_of(request.user), token=token)
    response = HttpResponse(bytes(example.thumbnail), content_type=THUMBNAIL_CONTENT_TYPE)
    response["Cache-Control"] = "private, max-age=1800"
    return response


def _store_examples(request: SignedInRequest, files: Sequence[UploadedFile[Any]]) -> list[str]:
    """Return the tokens of the stored examples."""
    tokens = []
    if not files:
        messages.warning(request, _("Select a picture first."))
    if len(files) > MAX_FILES:
        messages.warning(request, _("Only the first %(count)s pictures were added.") % {"count": MAX_FILES})
    budget = RequestBudget(request)
    for number, file in enumerate(files[:MAX_FILES]):
        if number and budget.is_spent:
            messages.warning(request, _("There was no time left for %(name)s. Add it again.") % {"name": file.name})
            continue
        if rejection := get_upload_rejection(file):
            messages.error(request, f"{file.name}: {rejection.error}")
            continue
        try:
            tokens.append(store_example(user=request.user, file=file.file).token)  # type: ignore[arg-type]
        except (InvalidImage, EncoderError) as error:
            messages.error(request, f"{file.name}: {describe_error(error)}")
    return tokens
