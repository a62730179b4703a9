"""Uploading pictures: one file per request from the script, or many files from the plain form."""

from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collections_app.errors import NameTaken
from collections_app.forms import UploadTargetForm, get_bound_data
from collections_app.middleware import is_json_requested
from collections_app.models import Collection, Image, User
from collections_app.permissions import SignedInRequest, get_editable_collection
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.report import UploadResult, group_rejections, process_upload
from collections_app.services.uploads.zip_reader import is_archive
from collections_app.upload_handlers import get_upload_rejection

_STATUSES = {"too_large": 413, "no_room": 507, "storage": 503}


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    form = UploadTargetForm(get_bound_data(request), user=request.user, initial=_get_default_target(request.user))
    if form.is_valid():
        return _receive(request, _get_target(request.user, form))
    if request.method == "POST" and is_json_requested(request):
        return _respond_error("no_collection", _("Select a collection, or name a new one."), 400)
    return render(request, "upload.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def collection_upload(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_editable_collection(request.user, pk)
    if request.method == "POST":
        return _receive(request, collection)
    return render(request, "upload.html", {"collection": collection})


def _receive(request: SignedInRequest, collection: Collection) -> HttpResponse:
    files = [file for _field, group in request.FILES.lists() for file in group]
    if is_json_requested(request):
        return _receive_one(files, collection, request.user)
    results = [result for file in files for result in _process(file, collection, request.user)]
    accepted = [result for result in results if result.image]
    context = {
        "collection": collection,
        "outcomes": accepted,
        "rejections": group_rejections(results),
        "created": sum(result.created for result in accepted),
        "known": sum(not result.created for result in accepted),
        "refused": len(results) - len(accepted),
    }
    return render(request, "upload_summary.html", context, status=200 if accepted else 400)


def _receive_one(files: "list[UploadedFile[bytes]]", collection: Collection, uploader: User) -> JsonResponse:
    if len(files) != 1:
        return _respond_error("not_one_file", _("Send one file per request."), 400)
    results = _process(files[0], collection, uploader)
    if get_upload_rejection(files[0]) is None and is_archive(cast(BinaryIO, files[0])):
        return _respond_archive(results, collection)
    return _respond_file(results[0])


def _process(file: "UploadedFile[bytes]", collection: Collection, uploader: User) -> list[UploadResult]:
    if rejection := get_upload_rejection(file):
        return [rejection]
    name = file.name or "picture"
    return process_upload(file=cast(BinaryIO, file), name=name, collection=collection, uploader=uploader)


def _respond_archive(results: list[UploadResult], collection: Collection) -> JsonResponse:
    lines = group_rejections(results)
    report = {
        "archive": True,
        "created": any(result.created for result in results),
        "added": sum(result.created for result in results),
        "known": sum(result.image is not None and not result.created for result in results),
        "refused": [{"name": each.name, "error": each.error, "count": each.count} for each in lines],
        "refused_count": sum(each.count for each in lines),
        "notes": [{"name": result.file_name, "note": result.note} for result in results if result.note],
        "collection_url": reverse("collection", args=[collection.pk]),
    }
    return JsonResponse(report, status=201 if report["created"] else 200)


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
    return JsonResponse({"error": sentence, "code": code}, status=status)


def _get_default_target(user: User) -> dict[str, object]:
    """Return the initial values of the form: the collection of the latest upload, or a name for a new one."""
    editable = Collection.objects.editable_by(user)
    latest = Image.objects.filter(uploader=user, collection__in=editable).latest_first().first()
    if latest:
        return {"collection": latest.collection_id}
    first = editable.first()
    return {"collection": first.pk} if first else {"new_name": _("My pictures")}


def _get_target(user: User, form: UploadTargetForm) -> Collection:
    """Return the collection, and create a new one unless a parallel request of the same upload has."""
    if collection := form.cleaned_data["collection"]:
        return cast(Collection, collection)
    name = form.cleaned_data["new_name"]
    try:
        return create_collection(team=user.personal_team, name=name, creator=user)
    except NameTaken:
        return Collection.objects.named(name).get(team=user.personal_team)
