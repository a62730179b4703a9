"""The state of indexing, retries, and the health check."""

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.context_processors import read_indexing_status
from collections_app.models import Collection, Image
from collections_app.models.ids import parse_id
from collections_app.permissions import SignedInRequest, get_editable_image
from collections_app.refusals import is_json_requested
from collections_app.services.library.images import requeue_failed_images
from collections_app.views.paging import PictureList

FAILED_SHOWN = 100


@require_safe
def indexing_status(request: SignedInRequest) -> HttpResponse:
    """The page of failed pictures; for htmx, which polls it, the chip in the header."""
    if request.htmx:
        return render(request, "partials/_indexing_chip.html", {"status": read_indexing_status(request.user)})
    visible = Collection.objects.visible_to(request.user)
    failed = PictureList(images=Image.objects.not_trashed().failed(), collections=visible)
    return render(request, "indexing.html", {"failed": failed.get_first(FAILED_SHOWN)})


@require_POST
def retry_indexing(request: SignedInRequest) -> HttpResponse:
    """Queue one failed picture again (`image`), or all failed pictures that the person may edit."""
    image_id = request.POST.get("image", request.GET.get("image"))
    if image_id is None:
        requeue_failed_images(images=Image.objects.editable_by(request.user))
        return redirect("indexing_status")
    image = get_editable_image(request.user, parse_id(image_id) or 0)
    requeue_failed_images(images=Image.objects.filter(pk=image.pk))
    return redirect("image", image.pk)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Respond 200 if the site can work, else 503 with the reason. Scripts get JSON."""
    try:
        problem = _find_problem()
    except DatabaseError:
        problem = _("The database is unavailable.")
    if is_json_requested(request):
        state = {"status": "unavailable", "error": problem} if problem else {"status": "ok"}
        return JsonResponse(state, status=503 if problem else 200)
    return HttpResponse(problem or "ok", status=503 if problem else 200, content_type="text/plain; charset=utf-8")


def _find_problem() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    applied = MigrationRecorder(connection).applied_migrations()
    if not all(migration in applied for migration in _get_last_migrations()):
        return _("The database is older than the site. Run manage.py migrate, then restart the site.")
    return ""


@cache
def _get_last_migrations() -> list[tuple[str, str]]:
    """Return the newest migration of each app, from its files."""
    return list(MigrationLoader(connection=None).graph.leaf_nodes())
