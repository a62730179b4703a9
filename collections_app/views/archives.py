"""The progress and the report of an uploaded ZIP file, for the person who uploaded it."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from collections_app.models import ArchiveImport, Collection, Image
from collections_app.permissions import SignedInRequest
from collections_app.refusals import is_json_requested
from collections_app.services.uploads.report import Rejection, RejectionGroups

REFRESH_S = 3


@require_safe
def archive_import(request: SignedInRequest, pk: int) -> HttpResponse:
    """A page that refreshes itself until the archive is unpacked; for scripts, the same as JSON."""
    archive = get_object_or_404(ArchiveImport.objects.uploaded_by(request.user), pk=pk)
    if is_json_requested(request):
        return respond_archive(archive)
    listed = dict(archive.report.get("images", []))
    images = Image.objects.visible_to(request.user).with_collection().filter(pk__in=listed).order_by("pk")
    context = {
        "archive": archive,
        "collection": Collection.objects.visible_to(request.user).filter(pk=archive.collection_id or 0).first(),
        "pictures": [{"image": image, "created": listed[image.pk]} for image in images],
        "notes": archive.report.get("notes", []),
        "rejections": _build_lines(archive),
        "refresh_s": REFRESH_S,
    }
    return render(request, "archive_import.html", context)


def respond_archive(archive: ArchiveImport, *, status: int = 200) -> JsonResponse:
    lines = _build_lines(archive)
    report: dict[str, Any] = {
        "archive": True,
        "state": archive.state,
        "status_url": reverse("archive_import", args=[archive.pk]),
        "total": archive.entry_count,
        "done": archive.position,
        "created": archive.added > 0,
        "added": archive.added,
        "known": archive.known,
        "refused": [{"name": each.name, "error": each.error, "count": each.count} for each in lines],
        "refused_count": archive.refused,
        "notes": [{"name": name, "note": note} for name, note in archive.report.get("notes", [])],
        "message": gettext(archive.message) if archive.message else "",
    }
    if archive.collection_id:
        report["collection_url"] = reverse("collection", args=[archive.collection_id])
    return JsonResponse(report, status=status)


def _build_lines(archive: ArchiveImport) -> list[Rejection]:
    return RejectionGroups(archive.report.get("rejections", [])).build_lines()
