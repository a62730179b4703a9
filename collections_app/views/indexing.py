"""The state of indexing, and whether the site is up."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from collections_app.context_processors import read_indexing_status
from collections_app.models import Image
from collections_app.permissions import SignedInRequest, editable_image_or_404
from collections_app.services.library.collections import retry_indexing as queue_failed

FAILED_SHOWN = 100


@require_safe
def indexing_status(request: SignedInRequest) -> HttpResponse:
    """The chip in the header for htmx, which polls it; a page with the reasons otherwise."""
    if request.htmx:
        return render(request, "partials/_indexing_chip.html", {"status": read_indexing_status(request.user)})
    failed = Image.objects.visible_to(request.user).failed().with_collection().latest_first()
    return render(request, "indexing.html", {"failed": failed[:FAILED_SHOWN]})


@require_POST
def retry_indexing(request: SignedInRequest) -> HttpResponse:
    """Queue one failed picture anew (`image`), or all that the person may edit."""
    asked = request.POST.get("image") or request.GET.get("image", "")
    if not asked:
        queue_failed(images=Image.objects.editable_by(request.user))
        return redirect("indexing_status")
    image = editable_image_or_404(request.user, int(asked) if asked.isdecimal() and len(asked) < 20 else 0)
    queue_failed(images=Image.objects.filter(pk=image.pk))
    return redirect("image", image.pk)


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database does not answer", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
