"""Pictures coming in: a page for people, one file a request for our script, a plain form without it."""

import logging
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collections_app.access import SignedInRequest, editable_collection_or_404, sent_fields, signed_in, wants_json
from collections_app.errors import CollectionGone, InvalidImage, NameTaken, QuotaExceeded, StorageUnavailable
from collections_app.forms import UploadTargetForm
from collections_app.models import Collection, Image, User
from collections_app.services.archives import ArchiveEntry, ArchiveLimits, is_archive, read_archive
from collections_app.services.library import create_collection
from collections_app.services.uploads import ingest_upload
from collections_app.wording import in_words

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
        return _refusal("no_collection", _("Choose a collection, or name a new one."), 400)
    return render(request, "upload.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload_to_collection(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = editable_collection_or_404(request.user, pk)
    if request.method == "POST":
        return _receive(request, collection)
    return render(request, "upload.html", {"collection": collection})


def _receive(request: SignedInRequest, collection: Collection) -> HttpResponse:
    files = [file for _field, group in request.FILES.lists() for file in group]
    if wants_json(request):
        return _receive_one(files, collection, request.user)
    outcomes = [outcome for file in files for outcome in _outcomes(file, collection, request.user)]
    context = {
        "collection": collection,
        "outcomes": outcomes,
        "created": sum(each.created for each in outcomes),
        "known": sum(each.image is not None and not each.created for each in outcomes),
        "refused": sum(bool(each.error) for each in outcomes),
    }
    return render(request, "upload_summary.html", context, status=200 if any(each.image for each in outcomes) else 400)


def _receive_one(files: "list[UploadedFile[bytes]]", collection: Collection, uploader: User) -> JsonResponse:
    if len(files) != 1:
        return _refusal("not_one_file", _("Send one file with each request."), 400)
    outcomes = _outcomes(files[0], collection, uploader)
    if is_archive(cast(BinaryIO, files[0])):
        return _report(outcomes, collection)
    return _as_json(outcomes[0])


def _outcomes(file: "UploadedFile[bytes]", collection: Collection, uploader: User) -> list[Outcome]:
    """One for a picture, one for each entry of an archive."""
    content = cast(BinaryIO, file)
    if not is_archive(content):
        return [_take_in(content, file.name or "picture", collection, uploader)]
    return [_take_in_entry(entry, collection, uploader) for entry in read_archive(content, _archive_limits())]


def _take_in_entry(entry: ArchiveEntry, collection: Collection, uploader: User) -> Outcome:
    if entry.file is None:
        return Outcome(file_name=entry.name or _("The archive"), error=entry.refusal, code="archive_entry")
    return _take_in(entry.file, entry.name, collection, uploader)


def _archive_limits() -> ArchiveLimits:
    return ArchiveLimits(
        max_entries=settings.MAX_ARCHIVE_PICTURES,
        max_entry_bytes=settings.MAX_UPLOAD_MB * 2**20,
        max_total_bytes=settings.MAX_ARCHIVE_MB * 2**20,
    )


def _take_in(file: BinaryIO, name: str, collection: Collection, uploader: User) -> Outcome:
    try:
        ingested = ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader)
    except InvalidImage as error:
        return Outcome(file_name=name, error=in_words(error), code=error.code)
    except CollectionGone as error:
        return Outcome(file_name=name, error=in_words(error), code="collection_gone")
    except QuotaExceeded as error:
        return Outcome(file_name=name, error=in_words(error), code="no_room")
    except (OSError, StorageUnavailable):
        log.exception("An upload could not be stored")
        return Outcome(
            file_name=name, error=_("The site cannot store pictures just now. Try again later."), code="storage"
        )
    return Outcome(file_name=name, image=ingested.image, created=ingested.created)


def _report(outcomes: list[Outcome], collection: Collection) -> JsonResponse:
    answer = {
        "archive": True,
        "created": any(each.created for each in outcomes),
        "added": sum(each.created for each in outcomes),
        "known": sum(each.image is not None and not each.created for each in outcomes),
        "refused": [{"name": each.file_name, "error": each.error} for each in outcomes if each.error],
        "collection_url": reverse("collection", args=[collection.pk]),
    }
    return JsonResponse(answer, status=201 if answer["created"] else 200)


def _as_json(outcome: Outcome) -> JsonResponse:
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
    return {"collection": first.pk} if first else {"new_name": _("My pictures")}


def _target(user: User, form: UploadTargetForm) -> Collection:
    """Files of one upload arrive side by side: the first makes the new collection, the others find it."""
    if chosen := form.cleaned_data["collection"]:
        return cast(Collection, chosen)
    name = form.cleaned_data["new_name"]
    try:
        return create_collection(team=user.personal_team, name=name, creator=user)
    except NameTaken:
        return Collection.objects.get(team=user.personal_team, name__iexact=name)
