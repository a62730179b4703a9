"""Sharing a collection with people, with teams and by public links, on a page and in a dialog."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import push_url

from collections_app.errors import ImageSearchError, NotAllowed, TooManyRequests
from collections_app.messages import describe_error
from collections_app.models import Collection, PublicLink, Share
from collections_app.permissions import SignedInRequest, get_owned_collection, get_visible_collection
from collections_app.services.sharing.shares import (
    change_share_role,
    revoke_share,
    share_with_team,
    share_with_teammate,
)
from collections_app.sharing_forms import PublicLinkForm, ShareForm, ShareRoleForm, TeamShareForm
from collections_app.views.sharing.invitations import invite_and_show, make_invitation

_SHARED = gettext_lazy("“%(name)s” shared with %(whom)s.")
# Ids of form fields: several forms of the page have the same fields.
_PERSON, _TEAM, NEW_LINK_ID = "person_%s", "team_%s", "new_link_%s"


@require_safe
def collection_sharing(request: SignedInRequest, pk: int) -> HttpResponse:
    return render_sharing(request, get_owned_collection(request.user, pk))


@require_POST
def share_person(request: SignedInRequest, pk: int) -> HttpResponse:
    """Share with a teammate, or invite anyone else, whether or not the address has an account."""
    collection = get_owned_collection(request.user, pk)
    form = ShareForm(request.POST, auto_id=_PERSON)
    if not form.is_valid():
        return render_sharing(request, collection, status=400, person_form=form)
    try:
        share = share_with_teammate(collection=collection, sharer=request.user, **form.cleaned_data)
        if share is None and is_in_place(request):
            invitation, address = make_invitation(request, form, collection=collection)
            return render_sharing(request, collection, invitation=invitation, address=address)
        if share is None:
            return invite_and_show(request, form, collection=collection)
    except ImageSearchError as error:
        form.add_error("email", describe_error(error))
        status = 429 if isinstance(error, TooManyRequests) else 400
        return render_sharing(request, collection, status=status, person_form=form)
    messages.success(request, _SHARED % {"name": collection, "whom": share.user and share.user.name})
    return redirect("collection_sharing", pk)


@require_POST
def share_team(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    form = TeamShareForm(request.POST, user=request.user, collection=collection, auto_id=_TEAM)
    if not form.is_valid():
        return render_sharing(request, collection, status=400, team_form=form)
    try:
        share = share_with_team(collection=collection, sharer=request.user, **form.cleaned_data)
    except NotAllowed as error:
        form.add_error("team", describe_error(error))
        return render_sharing(request, collection, status=400, team_form=form)
    messages.success(request, _SHARED % {"name": collection, "whom": share.team})
    return redirect("collection_sharing", pk)


@require_POST
def share_role(request: SignedInRequest, pk: int, share: int) -> HttpResponse:
    found = _get_share(request, pk, share)
    form = ShareRoleForm(request.POST)
    if form.is_valid():
        try:
            change_share_role(share=found, role=form.cleaned_data["role"], changer=request.user)
        except NotAllowed as error:
            messages.error(request, describe_error(error))
    return redirect("collection_sharing", pk)


@require_POST
def share_revoke(request: SignedInRequest, pk: int, share: int) -> HttpResponse:
    found = _get_share(request, pk, share)
    revoke_share(share=found, revoker=request.user)
    whom = found.user.name if found.user else found.team
    messages.success(request, _("Access revoked for %(whom)s.") % {"whom": whom})
    return redirect("collection_sharing", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def share_leave(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a collection from one's own list. A share with a whole team stays."""
    collection = get_visible_collection(request.user, pk)
    found = get_object_or_404(Share.objects.with_people(), collection=collection, user=request.user)
    if request.method != "POST":
        return render(request, "sharing/share_leave.html", {"share": found, "collection": collection})
    revoke_share(share=found, revoker=request.user)
    messages.success(request, _("“%(name)s” is no longer shared with you.") % {"name": collection})
    if Collection.objects.visible_to(request.user).filter(pk=pk).exists():
        messages.warning(request, _("One of your teams still sees it."))
    return redirect("shared")


def render_sharing(request: SignedInRequest, collection: Collection, status: int = 200, **changes: Any) -> HttpResponse:
    """Render the page; in place only the content, always with status 200 as htmx requires it."""
    shown_by = PublicLink.objects.showing(collection_id=collection.pk, team_id=collection.team_id)
    links = shown_by.with_details().order_by("pk")
    sharing = {
        "collection": collection,
        "memberships": collection.team.memberships.select_related("user").order_by("user__email"),
        "shares": Share.objects.filter(collection=collection).with_people().order_by("created_at"),
        "invitations": collection.invitations.open().order_by("email"),
        "links": [(link, request.build_absolute_uri(reverse("public_link", args=[link.secret]))) for link in links],
        "roles": ShareRoleForm.base_fields["role"].choices,  # type: ignore[attr-defined]
        "person_form": ShareForm(auto_id=_PERSON),
        "team_form": TeamShareForm(user=request.user, collection=collection, auto_id=_TEAM),
        "link_form": PublicLinkForm(auto_id=NEW_LINK_ID),
    }
    if is_in_place(request):
        return render_in_place(request, "_sharing.html", {"sharing": sharing | changes, "has_messages": True})
    return render(request, "sharing/sharing.html", {"sharing": sharing | changes}, status=status)


def is_in_place(request: SignedInRequest) -> bool:
    """Return whether htmx replaces the content of the dialog, or of the page."""
    return request.htmx.target in ("share-content", "sharing")


def render_in_place(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render content for htmx to swap in. The address of the page stays.

    htmx 2.0.10 ignores `hx-push-url="false"` on boosted forms and links, but not the header.
    """
    return push_url(render(request, f"sharing/{template}", context), False)


def _get_share(request: SignedInRequest, pk: int, share: int) -> Share:
    collection = get_owned_collection(request.user, pk)
    return get_object_or_404(Share.objects.with_people(), collection=collection, pk=share)
