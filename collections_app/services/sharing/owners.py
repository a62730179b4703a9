"""Owners of teams: locks for changes of rights, and checks that someone is an owner."""

from django.db.models import Q

from collections_app.errors import LastOwnerRequired, NotAllowed, PersonalTeamProtected
from collections_app.errors import gettext_noop as _
from collections_app.models import Membership, Role, Team, User
from collections_app.models.team import TeamQuerySet


def lock_team(team_id: int) -> None:
    """Wait until no other transaction changes members, shares, links or invitations of the team.

    The lock without key does not block inserts of rows that refer to the team. Otherwise two teams that share with
    each other at the same time would deadlock.
    """
    list(Team.objects.select_for_update(no_key=True).filter(pk=team_id).values_list("pk"))


def lock_owned_teams(owner: User) -> None:
    """Lock all teams of the owner, in the order of their ids. It prevents all owners of a team from leaving at once."""
    for team_id in Team.objects.owned_by(owner).order_by("pk").values_list("pk", flat=True):
        lock_team(team_id)


def lock_owned_team(*, team_id: int, owner: User) -> None:
    """Lock the team. Raises NotAllowed if the person is not an owner: they may just have been removed."""
    lock_team(team_id)
    if not Membership.objects.filter(team=team_id, user=owner, role=Role.OWNER).exists():
        raise NotAllowed(_("Only owners of the team can do this, and you are not an owner of it now."))


def find_other_owner(membership: Membership, *, preferred: User | None = None) -> User:
    """Return an owner other than this member: `preferred`, or else the earliest. Raises LastOwnerRequired.

    An owner who has deleted the account does not count, because the team would soon be without one.
    """
    others = Membership.objects.staying_owners().filter(team=membership.team_id).exclude(pk=membership.pk)
    by_preference = Q(user=preferred) if preferred else Q(pk=None)
    found = others.filter(by_preference).first() or others.order_by("pk").first()
    if found is None:
        raise LastOwnerRequired(_("A team needs an owner. Make someone else an owner first, or delete the team."))
    return found.user


def list_solely_owned(user: User) -> TeamQuerySet:
    """Return the teams that would be left without an owner if the account were deleted."""
    others = Membership.objects.staying_owners().exclude(user=user)
    return Team.objects.owned_by(user).non_personal().exclude(pk__in=others.values("team")).order_by("name", "pk")


def reject_personal_team(team: Team) -> None:
    if team.is_personal:
        raise PersonalTeamProtected(_("A personal team can't be changed or deleted."))
