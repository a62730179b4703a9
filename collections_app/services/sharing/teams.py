"""Teams and their members. Every change of roles locks the team's row, so that one owner always remains."""

from collections.abc import Collection as Items

from django.conf import settings
from django.db import transaction

from collections_app.errors import LimitReached
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, Membership, Role, Team, User
from collections_app.services.sharing.grants import transfer_grants
from collections_app.services.sharing.owners import (
    find_other_owner,
    lock_owned_team,
    lock_team,
    reject_personal_team,
)


@transaction.atomic
def create_team(*, name: str, owner: User) -> Team:
    """Raises LimitReached if the person owns as many teams as one account may."""
    list(User.objects.select_for_update(no_key=True).filter(pk=owner.pk).values_list("pk"))
    most = settings.TEAMS_PER_ACCOUNT
    if most and Team.objects.owned_by(owner).non_personal().count() >= most:
        raise LimitReached(_("You own %(most)s teams, which is the limit. Delete or leave one first."), most=most)
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def rename_team(*, team: Team, name: str) -> None:
    """Raises PersonalTeamProtected."""
    reject_personal_team(team)
    Team.objects.filter(pk=team.pk).update(name=name)


def delete_team(*, team: Team) -> None:
    """Delete the team with its collections and images permanently. Raises PersonalTeamProtected.

    The images are deleted first, in short transactions. After an interruption it can be repeated.
    """
    reject_personal_team(team)
    Image.objects.in_team(team).delete_in_chunks()
    team.delete()


@transaction.atomic
def change_role(*, membership: Membership, role: Role, changer: User | None = None) -> None:
    """Raises LastOwnerRequired or PersonalTeamProtected, and NotAllowed if `changer` is no owner now."""
    reject_personal_team(membership.team)
    _lock_members(membership, changer)
    if role != Role.OWNER:
        find_other_owner(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)


@transaction.atomic
def remove_member(*, membership: Membership, kept: Items[str] = (), remover: User | None = None) -> None:
    """Remove a member, or let them leave. Raises what `change_role` raises.

    The member's grants whose keys are in `kept` pass to `remover` if they own the team, or else to the earliest owner.
    The other grants end with the membership; see `collections_app/signals.py`.
    """
    reject_personal_team(membership.team)
    _lock_members(membership, remover)
    owner = find_other_owner(membership, preferred=remover)
    transfer_grants(team=membership.team, user=membership.user, transferred=kept, owner=owner)
    membership.delete()


def _lock_members(membership: Membership, actor: User | None) -> None:
    """Lock the team. Raises NotAllowed if `actor` changes another person's membership without being an owner."""
    if actor is None or actor == membership.user:
        lock_team(membership.team_id)
    else:
        lock_owned_team(team_id=membership.team_id, owner=actor)
