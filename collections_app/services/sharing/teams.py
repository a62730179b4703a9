"""Teams and their members. Every change of roles holds the lock on the team, so that one owner always remains."""

from django.db import transaction

from collections_app.errors import LastOwner, PersonalTeam
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, Membership, Role, Team, User
from collections_app.services.sharing.invitations import withdraw_invitations

_CHUNK = 500


@transaction.atomic
def create_team(*, name: str, owner: User) -> Team:
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def rename_team(*, team: Team, name: str) -> None:
    """Raises PersonalTeam."""
    _refuse_personal(team)
    Team.objects.filter(pk=team.pk).update(name=name)


def delete_team(*, team: Team) -> None:
    """Delete it with its collections and pictures, for good. Raises PersonalTeam."""
    _refuse_personal(team)
    images = Image.objects.in_team(team).order_by("pk")
    while chunk := list(images.values_list("pk", flat=True)[:_CHUNK]):
        Image.objects.filter(pk__in=chunk).delete()
    team.delete()


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> None:
    """Raises LastOwner or PersonalTeam."""
    _lock(membership.team)
    if role != Role.OWNER:
        _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)


@transaction.atomic
def remove_member(*, membership: Membership) -> None:
    """Also how a member leaves. Raises LastOwner or PersonalTeam."""
    _lock(membership.team)
    _keep_an_owner(membership)
    membership.delete()
    withdraw_invitations(user=membership.user, team=membership.team)


def _lock(team: Team) -> None:
    _refuse_personal(team)
    list(Team.objects.select_for_update().filter(pk=team.pk))


def _keep_an_owner(membership: Membership) -> None:
    others = Membership.objects.filter(team=membership.team, role=Role.OWNER).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner(_("A team needs an owner. Make somebody else an owner first, or delete the team."))


def _refuse_personal(team: Team) -> None:
    if team.is_personal:
        raise PersonalTeam(_("This is a personal team: it stays as it is while its account lives."))
