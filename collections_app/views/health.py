"""The state of the site, for programs that watch it."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.refusals import is_json_requested
from collections_app.services.health import check_parts, has_all_migrations

_PLAIN_TEXT = "text/plain; charset=utf-8"


@login_not_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Respond 200 if this process handles requests. Uses no other part of the site."""
    return HttpResponse("ok", content_type=_PLAIN_TEXT)


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Respond 200 if every part that the site needs works, else 503. The JSON has one entry for each part."""
    parts = check_parts()
    states = {name: {"ok": part.is_ok, "detail": part.detail} for name, part in parts.items()}
    return JsonResponse(states, status=200 if all(part.is_ok for part in parts.values()) else 503)


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
    return HttpResponse(problem or "ok", status=503 if problem else 200, content_type=_PLAIN_TEXT)


def _find_problem() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not has_all_migrations():
        return _("The database is older than the site. Run manage.py migrate, then restart the site.")
    return ""
