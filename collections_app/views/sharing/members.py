"""Members of a team: their roles, removing them, leaving, and what they have shared with others."""

from typing import cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from collections_app.errors import ImageSearchError
from collections_app.forms import RoleForm
from collections_app.messages import describe_error
from collections_app.models import Membership, Role
from collections_app.permissions import SignedInRequest, get_owned_team, get_visible_team
from collections_app.services.sharing.grants import (
    find_grants,
    list_access_through_teams,
    revoke_grants,
    transfer_grants,
)
from collections_app.services.sharing.owners import find_other_owner, reject_personal_team
from collections_app.services.sharing.teams import change_role, remove_member


@require_http_methods(["GET", "HEAD", "POST"])
def team_leave(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_visible_team(request.user, pk)
    membership = get_object_or_404(found.memberships.select_related("team", "user"), user=request.user)
    return _confirm_and_remove(request, membership)


@require_http_methods(["GET", "HEAD", "POST"])
def member_remove(request: SignedInRequest, pk: int, member: int) -> HttpResponse:
    return _confirm_and_remove(request, _get_membership(request, pk, member))


@require_POST
def member_role(request: SignedInRequest, pk: int, member: int) -> HttpResponse:
    """Change the role at once. If a former owner has shared collections, ask what to revoke."""
    membership = _get_membership(request, pk, member)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return redirect("team", pk)
    role = cast(Role, form.cleaned_data["role"])
    try:
        change_role(membership=membership, role=role, changer=request.user)
    except ImageSearchError as error:
        messages.error(request, describe_error(error))
        return redirect("team", pk)
    is_former_owner = membership.role == Role.OWNER != role
    if is_former_owner and membership.user != request.user and _has_shared_anything(membership):
        return redirect("member_grants", pk, member)
    return redirect("team", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def member_grants(request: SignedInRequest, pk: int, member: int) -> HttpResponse:
    """List what a member has shared with others. What is not revoked passes to the owner who decides."""
    membership = _get_membership(request, pk, member)
    team, person = membership.team, membership.user
    if request.method == "POST":
        try:
            transfer_grants(team=team, user=person, transferred=_read_kept(request), owner=request.user)
            revoked = request.POST.getlist("revoke")
            revoke_grants(team=team, user=person, revoked=revoked, revoker=request.user)
            messages.success(request, _("Saved. You are now responsible for what you didn't revoke."))
        except ImageSearchError as error:
            messages.error(request, describe_error(error))
        return redirect("team", pk)
    context = {"membership": membership, "grants": find_grants(team=team, user=person).exclude_searches()}
    return render(request, "sharing/member_grants.html", context)


def _confirm_and_remove(request: SignedInRequest, membership: Membership) -> HttpResponse:
    """Remove the member on POST; before, list what they have shared with others."""
    team, is_self = membership.team, membership.user == request.user
    try:
        if request.method == "POST":
            remove_member(membership=membership, kept=_read_kept(request), remover=request.user)
            messages.success(request, _describe_removal(membership, is_self=is_self))
            return redirect("team_list") if is_self else redirect("team", team.pk)
        reject_personal_team(team)
        owner = find_other_owner(membership, preferred=request.user)
    except ImageSearchError as error:
        messages.error(request, describe_error(error))
        return redirect("team", team.pk)
    context = {
        "membership": membership,
        "is_self": is_self,
        "owner": owner,
        "grants": find_grants(team=team, user=membership.user),
        "other_access": list_access_through_teams(team=team, user=membership.user),
    }
    return render(request, "sharing/member_remove.html", context)


def _read_kept(request: SignedInRequest) -> set[str]:
    """Return the grants that the page listed and that are not ticked."""
    return set(request.POST.getlist("listed")) - set(request.POST.getlist("revoke"))


def _describe_removal(membership: Membership, *, is_self: bool) -> str:
    if is_self:
        return _("You left “%(name)s”.") % {"name": membership.team.name}
    return _("%(person)s removed from the team.") % {"person": membership.user.name}


def _has_shared_anything(membership: Membership) -> bool:
    return bool(find_grants(team=membership.team, user=membership.user).exclude_searches().keys)


def _get_membership(request: SignedInRequest, pk: int, member: int) -> Membership:
    owned = get_owned_team(request.user, pk)
    return get_object_or_404(owned.memberships.select_related("team", "user"), pk=member)
