"""The page of a guest link: a form that adds pictures to one collection, and nothing about the rest of the site."""

import logging
from dataclasses import dataclass
from typing import BinaryIO, cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collections_app.errors import (
    CollectionDeleted,
    GuestLinkFull,
    InvalidImage,
    QuotaExceeded,
    StorageUnavailable,
    TooManyRequests,
)
from collections_app.messages import describe_error
from collections_app.models import GuestLink
from collections_app.refusals import Refusal, build_json_refusal, is_json_requested, render_refusal
from collections_app.services.sharing.rate_limits import count_guest_upload
from collections_app.services.uploads.guest_uploads import receive_guest_file
from collections_app.services.uploads.upload_pass import make_upload_pass
from collections_app.services.uploads.zip_signatures import is_archive
from collections_app.sharing_forms import GuestNameForm
from collections_app.upload_handlers import get_upload_rejection
from collections_app.views.request_budget import RequestBudget

_PASS_AGE_S = 24 * 3600

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestResult:
    """The result of one file. `error` is a sentence or empty; `status` is for a request with this file alone."""

    name: str
    error: str = ""
    status: int = 201


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def guest_upload(request: HttpRequest, secret: str) -> HttpResponse:
    link = get_object_or_404(GuestLink.objects.existing().select_related("collection"), secret=secret)
    response = _refuse_closed(request, link) or _respond(request, link)
    response["X-Robots-Tag"] = "noindex"
    if not request.user.is_authenticated:
        _set_upload_pass(response, link)
    return response


def _refuse_closed(request: HttpRequest, link: GuestLink) -> HttpResponse | None:
    if link.revoked_at or link.is_expired:
        sentence, status = _("This link no longer works. Ask the person who sent it to you for a new one."), 410
    elif link.is_full:
        sentence, status = _("This link has reached its limit of pictures. Tell the person who sent it to you."), 403
    else:
        return None
    refusal = Refusal(status=status, code="guest_link_closed", heading=_("This link is closed"), sentence=sentence)
    return render_refusal(request, refusal)


def _respond(request: HttpRequest, link: GuestLink) -> HttpResponse:
    form = GuestNameForm(request.POST if request.method == "POST" else None)
    files = [file for _field, group in request.FILES.lists() for file in group]
    if request.method != "POST":
        return _render_page(request, link, form, results=[])
    if is_json_requested(request) and len(files) != 1:
        return build_json_refusal(Refusal(status=400, code="not_one_file", sentence=_("Send one file per request.")))
    results, budget = [], RequestBudget(request)
    for number, file in enumerate(files):
        if budget.is_client_gone or (number and budget.is_spent):
            sentence = _("There was no time left for this file. Upload it again.")
            results.append(GuestResult(name=file.name or "picture", error=sentence, status=503))
        else:
            results.append(_receive(request, link, file, form.get_name()))
    if is_json_requested(request):
        return _respond_file(link, results[0])
    return _render_page(request, link, form, results=results)


def _render_page(
    request: HttpRequest, link: GuestLink, form: GuestNameForm, *, results: list[GuestResult]
) -> HttpResponse:
    failed = [result for result in results if result.error]
    context = {
        "guest_link": link,
        "form": form,
        "is_answer": request.method == "POST",
        "added": len(results) - len(failed),
        "failed": failed,
    }
    has_failed = request.method == "POST" and len(failed) == len(results)
    return render(request, "sharing/guest_upload.html", context, status=400 if has_failed else 200)


def _respond_file(link: GuestLink, result: GuestResult) -> HttpResponse:
    if result.error:
        return build_json_refusal(Refusal(status=result.status, code="guest_file", sentence=result.error))
    sentence = _("Sent. It is waiting for approval.") if link.needs_approval else _("Added")
    return JsonResponse({"created": True, "sentence": sentence}, status=201)


def _receive(request: HttpRequest, link: GuestLink, file: "UploadedFile[bytes]", guest_name: str) -> GuestResult:
    name = file.name or "picture"
    if rejection := get_upload_rejection(file):
        return GuestResult(name=name, error=rejection.error, status=413 if rejection.code == "too_large" else 503)
    if is_archive(cast(BinaryIO, file)):
        sentence = _("ZIP files can't be added here. Select the pictures instead.")
        return GuestResult(name=name, error=sentence, status=400)
    try:
        count_guest_upload(link=link, address=get_adapter().get_client_ip(request))
        receive_guest_file(link=link, file=cast(BinaryIO, file), name=name, guest_name=guest_name)
    except (TooManyRequests, InvalidImage, CollectionDeleted, QuotaExceeded, OSError, StorageUnavailable) as error:
        return GuestResult(name=name, error=_describe(error), status=_get_status(error))
    return GuestResult(name=name)


def _describe(error: Exception) -> str:
    """Return a sentence for a guest. It reveals nothing about the team."""
    if isinstance(error, (TooManyRequests, InvalidImage, CollectionDeleted, GuestLinkFull)):
        return describe_error(error)
    if isinstance(error, QuotaExceeded):
        return _("There is no storage left for more pictures. Tell the person who sent you the link.")
    log.error("A guest's picture could not be stored: %s", error)
    return _("Pictures can't be stored right now. Try again later.")


def _get_status(error: Exception) -> int:
    statuses = {TooManyRequests: 429, InvalidImage: 400, CollectionDeleted: 410, GuestLinkFull: 403, QuotaExceeded: 507}
    return next((status for kind, status in statuses.items() if isinstance(error, kind)), 503)


def _set_upload_pass(response: HttpResponse, link: GuestLink) -> None:
    """Let the web server accept bodies of files from this browser."""
    response.set_cookie(
        settings.UPLOAD_PASS_COOKIE_NAME,
        make_upload_pass(-link.pk),
        max_age=_PASS_AGE_S,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
