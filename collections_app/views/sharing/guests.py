"""Guest links of a collection, and the pictures of guests that wait for approval."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.errors import (
    CollectionDeleted,
    InvalidImage,
    LimitReached,
    NotAllowed,
    QuotaExceeded,
    StorageUnavailable,
)
from collections_app.forms import get_bound_data
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.messages import describe_error
from collections_app.models import Collection, GuestLink, GuestUpload
from collections_app.models.ids import parse_ids
from collections_app.permissions import SignedInRequest, get_editable_collection, get_owned_collection
from collections_app.services.sharing.guest_links import create_guest_link, revoke_guest_link
from collections_app.services.uploads.guest_uploads import (
    approve_guest_upload,
    delete_guest_upload,
    draw_guest_thumbnail,
)
from collections_app.sharing_forms import GuestLinkForm
from collections_app.views.request_budget import RequestBudget

_SHOWN = 48


@require_http_methods(["GET", "HEAD", "POST"])
def guest_links(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    form = GuestLinkForm(get_bound_data(request))
    if form.is_valid():
        try:
            create_guest_link(collection=collection, creator=request.user, terms=form.get_terms())
        except (LimitReached, NotAllowed) as error:
            form.add_error(None, describe_error(error))
        else:
            messages.success(request, _("Guest link created."))
            return redirect("guest_links", pk)
    links = GuestLink.objects.filter(collection=collection).not_revoked().order_by("pk")
    existing = set(links.existing().values_list("pk", flat=True))
    context = {
        "collection": collection,
        "form": form,
        "links": [
            (link, request.build_absolute_uri(reverse("guest_upload", args=[link.secret])), link.pk in existing)
            for link in links
        ],
    }
    return render(request, "sharing/guest_links.html", context, status=400 if form.errors else 200)


@require_POST
def guest_revoke(request: SignedInRequest, pk: int, guest_link: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    link = get_object_or_404(GuestLink, collection=collection, pk=guest_link)
    revoke_guest_link(link=link, revoker=request.user)
    messages.success(request, _("Link revoked."))
    return redirect("guest_links", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def guest_waiting(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the pictures that wait, or apply `action` ("approve" or "reject") to those with the ids `waiting`."""
    collection = get_editable_collection(request.user, pk)
    waiting = GuestUpload.objects.waiting_in(collection)
    if request.method != "POST":
        context = {"collection": collection, "waiting": waiting[:_SHOWN], "count": waiting.count()}
        return render(request, "sharing/guest_waiting.html", context)
    uploads = list(waiting.filter(pk__in=parse_ids(request.POST.getlist("waiting")))[:_SHOWN])
    if request.POST.get("action") == "approve":
        _approve(request, collection, uploads)
    elif request.POST.get("action") == "reject":
        for upload in uploads:
            delete_guest_upload(upload=upload)
        sentence = ngettext("%(count)s picture deleted.", "%(count)s pictures deleted.", len(uploads))
        messages.success(request, sentence % {"count": len(uploads)})
    return redirect("guest_waiting", pk) if waiting.exists() else redirect("collection", pk)


@require_safe
def guest_thumbnail(request: SignedInRequest, pk: int, waiting: int) -> HttpResponse:
    collection = get_editable_collection(request.user, pk)
    upload = get_object_or_404(GuestUpload.objects.waiting_in(collection), pk=waiting)
    try:
        return HttpResponse(draw_guest_thumbnail(upload), content_type=THUMBNAIL_CONTENT_TYPE)
    except (FileNotFoundError, InvalidImage) as error:
        raise Http404("The file of this picture is missing or can't be read.") from error


def _approve(request: SignedInRequest, collection: Collection, uploads: list[GuestUpload]) -> None:
    approved, budget = 0, RequestBudget(request)
    for upload in uploads:
        if approved and budget.is_spent:
            messages.warning(request, _("Not all pictures could be added in time. Add the others again."))
            break
        try:
            approve_guest_upload(upload=upload, approver=request.user)
            approved += 1
        except (InvalidImage, CollectionDeleted, QuotaExceeded, StorageUnavailable) as error:
            messages.error(request, describe_error(error))
            break
        except OSError:
            messages.error(request, _("Pictures can't be stored right now. Try again later."))
            break
    if approved:
        sentence = ngettext("%(count)s picture added.", "%(count)s pictures added.", approved)
        messages.success(request, sentence % {"count": approved})
