"""Teams and their members. Every change of roles locks the team's row, so that one owner always remains."""

from django.db import transaction

from collections_app.errors import LastOwnerRequired, PersonalTeamProtected
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, Membership, Role, Team, User
from collections_app.services.sharing.invitations import revoke_invitations

_CHUNK = 500


@transaction.atomic
def create_team(*, name: str, owner: User) -> Team:
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def rename_team(*, team: Team, name: str) -> None:
    """Raises PersonalTeamProtected."""
    _reject_personal_team(team)
    Team.objects.filter(pk=team.pk).update(name=name)


def delete_team(*, team: Team) -> None:
    """Delete the team with its collections and images permanently. Raises PersonalTeamProtected."""
    _reject_personal_team(team)
    images = Image.objects.in_team(team).order_by("pk")
    while chunk := list(images.values_list("pk", flat=True)[:_CHUNK]):
        Image.objects.filter(pk__in=chunk).delete()
    team.delete()


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> None:
    """Raises LastOwnerRequired or PersonalTeamProtected."""
    _lock_team(membership.team)
    if role != Role.OWNER:
        _require_other_owner(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)


@transaction.atomic
def remove_member(*, membership: Membership) -> None:
    """Remove a member, or let them leave. Raises LastOwnerRequired or PersonalTeamProtected."""
    _lock_team(membership.team)
    _require_other_owner(membership)
    membership.delete()
    revoke_invitations(user=membership.user, team=membership.team)


def _lock_team(team: Team) -> None:
    _reject_personal_team(team)
    list(Team.objects.select_for_update().filter(pk=team.pk))


def _require_other_owner(membership: Membership) -> None:
    others = Membership.objects.filter(team=membership.team, role=Role.OWNER).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwnerRequired(_("A team needs an owner. Make someone else an owner first, or delete the team."))


def _reject_personal_team(team: Team) -> None:
    if team.is_personal:
        raise PersonalTeamProtected(_("A personal team can't be changed or deleted."))
