"""Uploading pictures: one file per request from the script, or many files from the plain form.

Pictures are stored in the request. A ZIP file is only checked and stored; the worker unpacks it later.
"""

import logging
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collections_app.errors import (
    CollectionDeleted,
    ImageSearchError,
    InvalidArchive,
    LimitReached,
    NameTaken,
    QuotaExceeded,
    StorageUnavailable,
    TooManyArchives,
)
from collections_app.forms import UploadTargetForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import ArchiveImport, Collection, Image, User
from collections_app.permissions import SignedInRequest, get_editable_collection
from collections_app.refusals import Refusal, build_json_refusal, is_json_requested
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.archives import store_archive
from collections_app.services.uploads.report import (
    UploadResult,
    build_not_stored_result,
    group_rejections,
    ingest_file,
)
from collections_app.services.uploads.zip_signatures import is_archive
from collections_app.upload_handlers import get_upload_rejection
from collections_app.views.archives import respond_archive
from collections_app.views.request_budget import RequestBudget

_STATUSES = {"too_large": 413, "no_room": 507, "storage": 503, "too_many_archives": 429, "again": 503}
_ARCHIVE_CODES: dict[type[ImageSearchError], str] = {
    InvalidArchive: "archive",
    TooManyArchives: "too_many_archives",
    QuotaExceeded: "no_room",
    CollectionDeleted: "collection_gone",
}
_ARCHIVES_SHOWN = 10

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Received:
    """The outcome of a request: a result for each picture, and the ZIP files that wait."""

    results: list[UploadResult] = field(default_factory=list)
    archives: list[ArchiveImport] = field(default_factory=list)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    form = UploadTargetForm(get_bound_data(request), user=request.user, initial=_get_default_target(request.user))
    if form.is_valid():
        try:
            return _receive(request, _get_target(request.user, form))
        except LimitReached as error:
            if is_json_requested(request):
                return _respond_error("too_many_collections", describe_error(error), 400)
            form.add_error("new_name", describe_error(error))
    if request.method == "POST" and is_json_requested(request):
        return _respond_error("no_collection", _("Select a collection, or name a new one."), 400)
    return _render_page(request, status=400 if form.errors else 200, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def collection_upload(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_editable_collection(request.user, pk)
    if request.method == "POST":
        return _receive(request, collection)
    return _render_page(request, collection=collection)


def _render_page(request: SignedInRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    archives = ArchiveImport.objects.uploaded_by(request.user).latest_first()[:_ARCHIVES_SHOWN]
    return render(request, "upload.html", {"archives": archives, **context}, status=status)


def _receive(request: SignedInRequest, collection: Collection) -> HttpResponse:
    files = [file for _field, group in request.FILES.lists() for file in group]
    if is_json_requested(request):
        return _receive_one(request, files, collection)
    received, budget = Received(), RequestBudget(request)
    for number, file in enumerate(files):
        # The first file is always taken, so that repeating the request comes to an end.
        if budget.is_client_gone or (number and budget.is_spent):
            received.results.append(_build_again_result(file))
        else:
            _process(file, collection, request.user, received)
    if len(files) == 1 and received.archives:
        return redirect("archive_import", received.archives[0].pk)
    return _render_summary(request, collection, received)


def _render_summary(request: SignedInRequest, collection: Collection, received: Received) -> HttpResponse:
    accepted = [result for result in received.results if result.image]
    context = {
        "collection": collection,
        "outcomes": accepted,
        "archives": received.archives,
        "rejections": group_rejections(received.results),
        "created": sum(result.created for result in accepted),
        "known": sum(not result.created for result in accepted),
        "refused": len(received.results) - len(accepted),
    }
    return render(request, "upload_summary.html", context, status=200 if accepted or received.archives else 400)


def _receive_one(request: SignedInRequest, files: "list[UploadedFile[bytes]]", collection: Collection) -> HttpResponse:
    if len(files) != 1:
        return _respond_error("not_one_file", _("Send one file per request."), 400)
    received = Received()
    if RequestBudget(request).is_client_gone:
        received.results.append(_build_again_result(files[0]))
    else:
        _process(files[0], collection, request.user, received)
    if received.archives:
        return respond_archive(received.archives[0], status=202)
    return _respond_file(received.results[0])


def _process(file: "UploadedFile[bytes]", collection: Collection, uploader: User, received: Received) -> None:
    name = file.name or "picture"
    if rejection := get_upload_rejection(file):
        received.results.append(rejection)
    elif not is_archive(cast(BinaryIO, file)):
        done = ingest_file(file=cast(BinaryIO, file), name=name, collection=collection, uploader=uploader)
        received.results.append(done)
    else:
        _process_archive(file, collection, uploader, received)


def _process_archive(file: "UploadedFile[bytes]", collection: Collection, uploader: User, received: Received) -> None:
    name = file.name or _("The ZIP file")
    try:
        archive = store_archive(file=file, name=name, collection=collection, uploader=uploader)
    except tuple(_ARCHIVE_CODES) as error:
        code = _ARCHIVE_CODES[type(error)]
        received.results.append(UploadResult(file_name=name, error=describe_error(error), code=code))
    except (OSError, StorageUnavailable):
        log.exception("A ZIP file could not be stored")
        received.results.append(build_not_stored_result(name=name))
    else:
        received.archives.append(archive)


def _build_again_result(file: "UploadedFile[bytes]") -> UploadResult:
    sentence = _("There was no time left for this file. Upload it again.")
    return UploadResult(file_name=file.name or "picture", error=sentence, code="again")


def _respond_file(result: UploadResult) -> JsonResponse:
    if result.image is None:
        return _respond_error(result.code, result.error, _STATUSES.get(result.code, 400))
    image = result.image
    report = {
        "id": image.pk,
        "url": reverse("image", args=[image.pk]),
        "title": image.name,
        "collection": image.collection.name,
        "thumbnail": reverse("image_thumbnail", args=[image.pk]),
        "created": result.created,
        "collection_url": reverse("collection", args=[image.collection_id]),
    }
    if result.copy_in_other_team:
        report |= {"note": result.note, "elsewhere": reverse("image", args=[result.copy_in_other_team.pk])}
    return JsonResponse(report, status=201 if result.created else 200)


def _respond_error(code: str, sentence: str, status: int) -> JsonResponse:
    return build_json_refusal(Refusal(status=status, code=code, sentence=sentence))


def _get_default_target(user: User) -> dict[str, object]:
    """Return the initial values of the form: the collection of the latest upload, or a name for a new one."""
    editable = Collection.objects.editable_by(user)
    latest = Image.objects.filter(uploader=user).latest_first().values("collection")[:1]
    target = editable.filter(pk__in=latest).order_by("pk").first() or editable.first()
    return {"collection": target.pk} if target else {"new_name": _("My pictures")}


def _get_target(user: User, form: UploadTargetForm) -> Collection:
    """Return the collection, and create a new one unless a parallel request of the same upload has."""
    if collection := form.cleaned_data["collection"]:
        return cast(Collection, collection)
    name = form.cleaned_data["new_name"]
    try:
        return create_collection(team=user.personal_team, name=name, creator=user)
    except NameTaken:
        return Collection.objects.named(name).get(team=user.personal_team)
