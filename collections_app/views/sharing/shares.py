"""The sharing page of a collection: members, shares, invitations and public links."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import ImageSearchError, NotAllowed, TooManyRequests
from collections_app.forms import PublicLinkForm, ShareForm, ShareRoleForm, TeamShareForm
from collections_app.messages import describe_error
from collections_app.models import Collection, PublicLink, Share
from collections_app.permissions import SignedInRequest, get_owned_collection
from collections_app.services.sharing.public_links import create_link, revoke_link
from collections_app.services.sharing.shares import (
    change_share_role,
    revoke_share,
    share_with_team,
    share_with_teammate,
)
from collections_app.views.sharing.invitations import invite_and_show

_SHARED = gettext_lazy("“%(name)s” shared with %(whom)s.")


@require_safe
def collection_sharing(request: SignedInRequest, pk: int) -> HttpResponse:
    return _render_sharing(request, get_owned_collection(request.user, pk))


@require_POST
def share_person(request: SignedInRequest, pk: int) -> HttpResponse:
    """Share with a teammate, or invite anyone else, whether or not the address has an account."""
    collection = get_owned_collection(request.user, pk)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return _render_sharing(request, collection, status=400, person_form=form)
    try:
        share = share_with_teammate(collection=collection, sharer=request.user, **form.cleaned_data)
        if share is None:
            return invite_and_show(request, form, collection=collection)
    except ImageSearchError as error:
        form.add_error("email", describe_error(error))
        status = 429 if isinstance(error, TooManyRequests) else 400
        return _render_sharing(request, collection, status=status, person_form=form)
    messages.success(request, _SHARED % {"name": collection, "whom": share.user})
    return redirect("collection_sharing", pk)


@require_POST
def share_team(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    form = TeamShareForm(request.POST, user=request.user, collection=collection)
    if not form.is_valid():
        return _render_sharing(request, collection, status=400, team_form=form)
    try:
        share = share_with_team(collection=collection, sharer=request.user, **form.cleaned_data)
    except NotAllowed as error:
        form.add_error("team", describe_error(error))
        return _render_sharing(request, collection, status=400, team_form=form)
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
    revoke_share(share=found)
    whom = found.user or found.team
    messages.success(request, _("Access revoked for %(whom)s.") % {"whom": whom})
    return redirect("collection_sharing", pk)


@require_POST
def link_create(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    form = PublicLinkForm(request.POST)
    if not form.is_valid():
        return _render_sharing(request, collection, status=400, link_form=form)
    try:
        create_link(collection=collection, creator=request.user, **form.cleaned_data)
    except NotAllowed as error:
        form.add_error(None, describe_error(error))
        return _render_sharing(request, collection, status=400, link_form=form)
    messages.success(request, _("Public link created."))
    return redirect("collection_sharing", pk)


@require_POST
def link_revoke(request: SignedInRequest, pk: int, link: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    revoke_link(link=get_object_or_404(PublicLink, collection=collection, pk=link))
    messages.success(request, _("Link revoked."))
    return redirect("collection_sharing", pk)


def _get_share(request: SignedInRequest, pk: int, share: int) -> Share:
    collection = get_owned_collection(request.user, pk)
    return get_object_or_404(Share.objects.with_people(), collection=collection, pk=share)


def _render_sharing(request: SignedInRequest, collection: Collection, status: int = 200, **forms: Any) -> HttpResponse:
    links = collection.public_links.select_related("creator").order_by("pk")
    context = {
        "collection": collection,
        "memberships": collection.team.memberships.select_related("user").order_by("user__email"),
        "shares": Share.objects.filter(collection=collection).with_people().order_by("created_at"),
        "invitations": collection.invitations.open().order_by("email"),
        "links": [(link, request.build_absolute_uri(f"/s/{link.secret}/")) for link in links],
        "roles": ShareRoleForm.base_fields["role"].choices,  # type: ignore[attr-defined]
        "person_form": ShareForm(),
        "team_form": TeamShareForm(user=request.user, collection=collection),
        "link_form": PublicLinkForm(),
    }
    return render(request, "sharing/sharing.html", context | forms, status=status)
