"""Teams: their list, their page, and what owners do with members."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.errors import ImageSearchError
from collections_app.forms import InvitationForm, RoleForm, TeamDeletionForm, TeamForm
from collections_app.messages import in_words
from collections_app.models import Collection, Membership, Role, Team
from collections_app.permissions import (
    SignedInRequest,
    owned_team_or_404,
    sent_fields,
    visible_team_or_404,
)
from collections_app.services.library.quotas import usage_of
from collections_app.services.sharing.teams import change_role, create_team, delete_team, remove_member, rename_team
from collections_app.views.sharing.invitations import invite_and_show


@require_http_methods(["GET", "HEAD", "POST"])
def team_list(request: SignedInRequest) -> HttpResponse:
    form = TeamForm(sent_fields(request))
    if form.is_valid():
        return redirect("team", create_team(name=form.cleaned_data["name"], owner=request.user).pk)
    own = Team.objects.visible_to(request.user).non_personal().with_summary(request.user)
    return render(request, "sharing/teams.html", {"teams": own, "form": form}, status=400 if form.errors else 200)


@require_safe
def team(request: SignedInRequest, pk: int) -> HttpResponse:
    return _show(request, visible_team_or_404(request.user, pk), InvitationForm())


@require_POST
def team_invite(request: SignedInRequest, pk: int) -> HttpResponse:
    shown = owned_team_or_404(request.user, pk)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, shown, form, status=400)
    try:
        return invite_and_show(request, form, team=shown)
    except ImageSearchError as error:
        form.add_error(None, in_words(error))
        return _show(request, shown, form, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
def team_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    renamed = owned_team_or_404(request.user, pk)
    form = TeamForm(sent_fields(request), initial={"name": renamed.name})
    if form.is_valid() and _carried_out(request, lambda: rename_team(team=renamed, **form.cleaned_data)):
        return redirect("team", pk)
    return render(
        request, "sharing/team_rename.html", {"form": form, "team": renamed}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def team_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    doomed = owned_team_or_404(request.user, pk)
    form = TeamDeletionForm(sent_fields(request), team=doomed)
    if form.is_valid() and _carried_out(request, lambda: delete_team(team=doomed)):
        messages.success(request, _("“%(name)s” and all its pictures are deleted.") % {"name": doomed.name})
        return redirect("team_list")
    context = {"form": form, "team": doomed, "usage": usage_of(doomed)}
    return render(request, "sharing/team_delete.html", context, status=400 if form.errors else 200)


@require_POST
def team_leave(request: SignedInRequest, pk: int) -> HttpResponse:
    left = visible_team_or_404(request.user, pk)
    membership = left.memberships.select_related("team").get(user=request.user)
    if _carried_out(request, lambda: remove_member(membership=membership)):
        messages.success(request, _("You have left “%(name)s”.") % {"name": left.name})
        return redirect("team_list")
    return redirect("team", pk)


@require_POST
def member_role(request: SignedInRequest, pk: int, member: int) -> HttpResponse:
    membership = _membership(request, pk, member)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = cast(Role, form.cleaned_data["role"])
        _carried_out(request, lambda: change_role(membership=membership, role=role))
    return redirect("team", pk)


@require_POST
def member_remove(request: SignedInRequest, pk: int, member: int) -> HttpResponse:
    membership = _membership(request, pk, member)
    if _carried_out(request, lambda: remove_member(membership=membership)):
        messages.success(request, _("%(person)s is no longer in the team.") % {"person": membership.user})
    return redirect("team", pk) if membership.user != request.user else redirect("team_list")


def _membership(request: SignedInRequest, pk: int, member: int) -> Membership:
    owned = owned_team_or_404(request.user, pk)
    return get_object_or_404(owned.memberships.select_related("team", "user"), pk=member)


def _show(request: SignedInRequest, shown: Team, form: InvitationForm, status: int = 200) -> HttpResponse:
    context = {
        "team": shown,
        "memberships": shown.memberships.select_related("user").order_by("user__email"),
        "invitations": shown.invitations.open().order_by("email"),
        "collections": Collection.objects.not_trashed().filter(team=shown).with_summary(),
        "is_owner": Team.objects.owned_by(request.user).filter(pk=shown.pk).exists(),
        "usage": usage_of(shown),
        "form": form,
        "roles": Role.choices,
    }
    return render(request, "sharing/team.html", context, status=status)


def _carried_out(request: SignedInRequest, action: Callable[[], object]) -> bool:
    """Do it, or say why not."""
    try:
        action()
    except ImageSearchError as error:
        messages.error(request, in_words(error))
        return False
    return True
