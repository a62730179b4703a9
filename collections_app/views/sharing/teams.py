"""Teams: the list, the page of one team, invitations to it, renaming and deleting."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.errors import ImageSearchError, LimitReached, TooManyRequests
from collections_app.forms import InvitationForm, TeamDeletionForm, TeamForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import Collection, Role, Team
from collections_app.permissions import (
    SignedInRequest,
    get_owned_team,
    get_visible_team,
)
from collections_app.services.library.quotas import measure_usage
from collections_app.services.sharing.grants import list_granters, list_members_to_confirm
from collections_app.services.sharing.teams import create_team, delete_team, rename_team
from collections_app.views.sharing.invitations import invite_and_show


@require_http_methods(["GET", "HEAD", "POST"])
def team_list(request: SignedInRequest) -> HttpResponse:
    form = TeamForm(get_bound_data(request))
    if form.is_valid():
        try:
            return redirect("team", create_team(name=form.cleaned_data["name"], owner=request.user).pk)
        except LimitReached as error:
            form.add_error(None, describe_error(error))
    own = Team.objects.visible_to(request.user).non_personal().with_summary(request.user)
    return render(request, "sharing/teams.html", {"teams": own, "form": form}, status=400 if form.errors else 200)


@require_safe
def team(request: SignedInRequest, pk: int) -> HttpResponse:
    return _render_team(request, get_visible_team(request.user, pk), InvitationForm())


@require_POST
def team_invite(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_owned_team(request.user, pk)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _render_team(request, found, form, status=400)
    try:
        return invite_and_show(request, form, team=found)
    except ImageSearchError as error:
        form.add_error(None, describe_error(error))
        return _render_team(request, found, form, status=429 if isinstance(error, TooManyRequests) else 400)


@require_http_methods(["GET", "HEAD", "POST"])
def team_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_owned_team(request.user, pk)
    form = TeamForm(get_bound_data(request), initial={"name": found.name})
    if form.is_valid():
        name = form.cleaned_data["name"]
        if _try_action(request, lambda: rename_team(team=found, name=name, renamer=request.user)):
            return redirect("team", pk)
    return render(
        request, "sharing/team_rename.html", {"form": form, "team": found}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def team_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_owned_team(request.user, pk)
    form = TeamDeletionForm(get_bound_data(request), team=found)
    if form.is_valid() and _try_action(request, lambda: delete_team(team=found, deleter=request.user)):
        messages.success(request, _("“%(name)s” and all its pictures deleted.") % {"name": found.name})
        return redirect("team_list")
    context = {"form": form, "team": found, "usage": measure_usage(found)}
    return render(request, "sharing/team_delete.html", context, status=400 if form.errors else 200)


def _render_team(request: SignedInRequest, found: Team, form: InvitationForm, status: int = 200) -> HttpResponse:
    is_owner = Team.objects.owned_by(request.user).filter(pk=found.pk).exists()
    context = {
        "team": found,
        "memberships": found.memberships.select_related("user").order_by("user__email"),
        "invitations": found.invitations.open().order_by("email"),
        "collections": Collection.objects.not_trashed().filter(team=found).with_summary(),
        "is_owner": is_owner,
        "granters": list_granters(found) if is_owner else set(),
        "members_to_confirm": list_members_to_confirm(found),
        "usage": measure_usage(found),
        "form": form,
        "roles": Role.choices,
    }
    return render(request, "sharing/team.html", context, status=status)


def _try_action(request: SignedInRequest, action: Callable[[], object]) -> bool:
    """Call `action`; return False after a message if it raised one of our errors."""
    try:
        action()
    except ImageSearchError as error:
        messages.error(request, describe_error(error))
        return False
    return True
