"""Pictures coming in: a page for people, one file a request for our script, a plain form without it."""

from typing import BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collections_app.errors import NameTaken
from collections_app.forms import UploadTargetForm
from collections_app.middleware import wants_json
from collections_app.models import Collection, Image, User
from collections_app.permissions import SignedInRequest, editable_collection_or_404, sent_fields
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.report import UploadResult, fold_refusals, process_upload
from collections_app.services.uploads.zip_reader import is_archive
from collections_app.upload_handlers import refusal_of

_STATUSES = {"too_large": 413, "no_room": 507, "storage": 503}


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    form = UploadTargetForm(sent_fields(request), user=request.user, initial=_usual_target(request.user))
    if form.is_valid():
        return _receive(request, _target(request.user, form))
    if request.method == "POST" and wants_json(request):
        return _refusal("no_collection", _("Choose a collection, or name a new one."), 400)
    return render(request, "upload.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def collection_upload(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = editable_collection_or_404(request.user, pk)
    if request.method == "POST":
        return _receive(request, collection)
    return render(request, "upload.html", {"collection": collection})


def _receive(request: SignedInRequest, collection: Collection) -> HttpResponse:
    files = [file for _field, group in request.FILES.lists() for file in group]
    if wants_json(request):
        return _receive_one(files, collection, request.user)
    outcomes = [outcome for file in files for outcome in _outcomes(file, collection, request.user)]
    there = [each for each in outcomes if each.image]
    context = {
        "collection": collection,
        "outcomes": there,
        "refusals": fold_refusals(outcomes),
        "created": sum(each.created for each in there),
        "known": sum(not each.created for each in there),
        "refused": len(outcomes) - len(there),
    }
    return render(request, "upload_summary.html", context, status=200 if there else 400)


def _receive_one(files: "list[UploadedFile[bytes]]", collection: Collection, uploader: User) -> JsonResponse:
    if len(files) != 1:
        return _refusal("not_one_file", _("Send one file with each request."), 400)
    outcomes = _outcomes(files[0], collection, uploader)
    if refusal_of(files[0]) is None and is_archive(cast(BinaryIO, files[0])):
        return _report(outcomes, collection)
    return _as_json(outcomes[0])


def _outcomes(file: "UploadedFile[bytes]", collection: Collection, uploader: User) -> list[UploadResult]:
    if refusal := refusal_of(file):
        return [refusal]
    name = file.name or "picture"
    return process_upload(file=cast(BinaryIO, file), name=name, collection=collection, uploader=uploader)


def _report(outcomes: list[UploadResult], collection: Collection) -> JsonResponse:
    lines = fold_refusals(outcomes)
    answer = {
        "archive": True,
        "created": any(each.created for each in outcomes),
        "added": sum(each.created for each in outcomes),
        "known": sum(each.image is not None and not each.created for each in outcomes),
        "refused": [{"name": each.name, "error": each.error, "count": each.count} for each in lines],
        "refused_count": sum(each.count for each in lines),
        "notes": [{"name": each.file_name, "note": each.note} for each in outcomes if each.note],
        "collection_url": reverse("collection", args=[collection.pk]),
    }
    return JsonResponse(answer, status=201 if answer["created"] else 200)


def _as_json(outcome: UploadResult) -> JsonResponse:
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
    if outcome.elsewhere:
        answer |= {"note": outcome.note, "elsewhere": reverse("image", args=[outcome.elsewhere.pk])}
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
