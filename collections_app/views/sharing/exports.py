"""The export of all pictures of a team: started by an owner, made by the worker, downloaded as ZIP files."""

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.errors import LimitReached
from collections_app.messages import describe_error
from collections_app.models import ExportPart, ExportState, TeamExport
from collections_app.permissions import SignedInRequest, get_owned_team
from collections_app.services.exports.queue import delete_exports, request_export
from collections_app.services.library.files import build_download_name
from collections_app.services.library.quotas import measure_usage
from collections_app.views.library.files import serve_cached_file

EXPORT_REFRESH_S = 3


@require_http_methods(["GET", "HEAD", "POST"])
def team_export(request: SignedInRequest, pk: int) -> HttpResponse:
    """Start an export on POST. The page refreshes itself until the export is finished."""
    team = get_owned_team(request.user, pk)
    if request.method == "POST":
        try:
            address = request.build_absolute_uri(reverse("team_export", args=[pk]))
            request_export(team=team, requester=request.user, address=address)
        except LimitReached as error:
            messages.error(request, describe_error(error))
        return redirect("team_export", pk)
    export = TeamExport.objects.made_for(request.user).filter(team=team).order_by("-pk").first()
    context = {
        "team": team,
        "export": export,
        "parts": list(export.parts.all()) if export and export.is_ready else [],
        "is_other_running": export is None and TeamExport.objects.filter(team=team).unfinished().exists(),
        "usage": measure_usage(team),
        "refresh_s": EXPORT_REFRESH_S,
    }
    return render(request, "sharing/team_export.html", context)


@require_POST
def export_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete the person's export of the team, also while it is being prepared."""
    team = get_owned_team(request.user, pk)
    if delete_exports(exports=TeamExport.objects.filter(team=team, requester=request.user)):
        messages.success(request, _("Export deleted."))
    return redirect("team_export", pk)


@require_safe
def export_part(request: SignedInRequest, pk: int, part: int) -> HttpResponseBase:
    """Serve a ZIP file to the owner who requested it. It contains originals and this person's favourites."""
    team = get_owned_team(request.user, pk)
    exports = TeamExport.objects.made_for(request.user).filter(team=team, state=ExportState.DONE)
    found = get_object_or_404(ExportPart.objects.filter(export__in=exports), pk=part)
    name = build_download_name(team.name.replace("/", "_"), suffix=f"-{found.number}.zip")

    def respond() -> FileResponse:
        file = default_storage.open(found.file_name)
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")

    return serve_cached_file(request, f'"{found.file_name}"', respond)
