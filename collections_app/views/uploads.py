"""Pictures coming in: a page for people, one file a request for our script, a plain form without it."""

import logging
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from collections_app.access import SignedInRequest, editable_collection_or_404, sent_fields, signed_in, wants_json
from collections_app.errors import CollectionGone, InvalidImage, NameTaken, QuotaExceeded, StorageUnavailable
from collections_app.forms import UploadTargetForm
from collections_app.models import Collection, Image, User
from collections_app.services.library import create_collection
from collections_app.services.uploads import ingest_upload

_STATUSES = {"too_large": 413, "no_room": 507, "storage": 503}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file: `image` or `error`, a sentence."""

    file_name: str
    image: Image | None = None
    created: bool = False
    error: str = ""
    code: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload(request: SignedInRequest) -> HttpResponse:
    form = UploadTargetForm(sent_fields(request), user=request.user, initial=_usual_target(request.user))
    if form.is_valid():
        return _receive(request, _target(request.user, form))
    if request.method == "POST" and wants_json(request):
        return _refusal("no_collection", "Choose a collection, or name a new one.", 400)
    return render(request, "upload.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload_to_collection(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = editable_collection_or_404(request.user, pk)
    if request.method == "POST":
        return _receive(request, collection)
    return render(request, "upload.html", {"collection": collection})


def _receive(request: SignedInRequest, collection: Collection) -> HttpResponse:
    files = [file for _, group in request.FILES.lists() for file in group]
    outcomes = [_take_in(file, collection, request.user) for file in files]
    if wants_json(request):
        return _as_json(outcomes)
    context = {
        "collection": collection,
        "outcomes": outcomes,
        "created": sum(each.created for each in outcomes),
        "known": sum(each.image is not None and not each.created for each in outcomes),
        "refused": sum(bool(each.error) for each in outcomes),
    }
    return render(request, "upload_summary.html", context, status=200 if any(each.image for each in outcomes) else 400)


def _take_in(file: "UploadedFile[bytes]", collection: Collection, uploader: User) -> Outcome:
    name = file.name or "picture"
    try:
        ingested = ingest_upload(file=cast(BinaryIO, file), file_name=name, collection=collection, uploader=uploader)
    except InvalidImage as error:
        return Outcome(file_name=name, error=str(error), code=error.code)
    except CollectionGone as error:
        return Outcome(file_name=name, error=str(error), code="collection_gone")
    except QuotaExceeded as error:
        return Outcome(file_name=name, error=str(error), code="no_room")
    except (OSError, StorageUnavailable):
        log.exception("An upload could not be stored")
        return Outcome(
            file_name=name, error="The site cannot store pictures just now. Try again later.", code="storage"
        )
    return Outcome(file_name=name, image=ingested.image, created=ingested.created)


def _as_json(outcomes: list[Outcome]) -> JsonResponse:
    if len(outcomes) != 1:
        return _refusal("not_one_file", "Send one file with each request.", 400)
    (outcome,) = outcomes
    if outcome.image is None:
        return _refusal(outcome.code, outcome.error, _STATUSES.get(outcome.code, 400))
    image = outcome.image
    answer = {
        "id": image.pk,
        "url": reverse("image", args=[image.pk]),
        "title": image.name,
        "thumbnail": reverse("image_thumbnail", args=[image.pk]),
        "created": outcome.created,
        "collection_url": reverse("collection", args=[image.collection_id]),
    }
    return JsonResponse(answer, status=201 if outcome.created else 200)


def _refusal(code: str, sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence, "code": code}, status=status)


def _usual_target(user: User) -> dict[str, object]:
    """The collection of one's latest upload, or a new one with a name to go on with."""
    editable = Collection.objects.editable_by(user)
    latest = Image.objects.filter(uploader=user, collection__in=editable).latest_first().first()
    if latest:
        return {"collection": latest.collection_id}
    first = editable.first()
    return {"collection": first.pk} if first else {"new_name": "My pictures"}


def _target(user: User, form: UploadTargetForm) -> Collection:
    """Files of one upload arrive side by side: the first makes the new collection, the others find it."""
    if chosen := form.cleaned_data["collection"]:
        return cast(Collection, chosen)
    name = form.cleaned_data["new_name"]
    try:
        return create_collection(team=user.personal_team, name=name, creator=user)
    except NameTaken:
        return Collection.objects.get(team=user.personal_team, name__iexact=name)
