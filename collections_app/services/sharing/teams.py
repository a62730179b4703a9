"""Teams and their members. Every change of roles locks the team's row, so that one owner always remains."""

from collections.abc import Collection as Items

from django.conf import settings
from django.db import transaction

from collections_app.errors import LimitReached
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, Image, Membership, Role, Share, Team, User
from collections_app.services.audit_trail import ImageEvents, record_event
from collections_app.services.sharing.grants import end_personal_access, end_shares, revoke_grants, transfer_grants
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


@transaction.atomic
def rename_team(*, team: Team, name: str, renamer: User) -> None:
    """Raises PersonalTeamProtected."""
    reject_personal_team(team)
    lock_team(team.pk)
    if (found := Team.objects.filter(pk=team.pk).first()) is None:
        return
    former_name, found.name = found.name, name
    found.save(update_fields=["name"])
    if found.name != former_name:
        action, details = AuditAction.TEAM_RENAMED, {"former_name": former_name}
        record_event(action=action, actor=renamer, team=found, target=found, details=details)


def delete_team(*, team: Team, deleter: User | None = None) -> None:
    """Delete the team with its collections and images permanently. Raises PersonalTeamProtected.

    The images are deleted first, in short transactions. After an interruption it can be repeated. `deleter` is for the
    audit trail.
    """
    reject_personal_team(team)
    events = ImageEvents(action=AuditAction.IMAGES_DELETED, actor=deleter)
    Image.objects.in_team(team).delete_in_chunks(record=events.add)
    with transaction.atomic():
        end_shares(Share.objects.filter(team=team), None)
        record_event(action=AuditAction.TEAM_DELETED, actor=deleter, team=team, target=team)
        team.delete()


@transaction.atomic
def change_role(*, membership: Membership, role: Role, changer: User | None = None) -> None:
    """Raises LastOwnerRequired or PersonalTeamProtected, and NotAllowed if `changer` is no owner now."""
    reject_personal_team(membership.team)
    _lock_members(membership, changer)
    if role != Role.OWNER:
        find_other_owner(membership)
    former_role = Membership.objects.filter(pk=membership.pk).values_list("role", flat=True).first()
    if former_role not in (None, role):
        Membership.objects.filter(pk=membership.pk).update(role=role)
        _record(AuditAction.ROLE_CHANGED, membership, changer, role=role, former_role=former_role)


@transaction.atomic
def remove_member(*, membership: Membership, kept: Items[str] = (), remover: User | None = None) -> None:
    """Remove a member, or let them leave. Raises what `change_role` raises.

    The member's grants whose keys are in `kept` pass to `remover` if they own the team, or else to the earliest owner.
    The other grants are revoked.
    """
    reject_personal_team(membership.team)
    _lock_members(membership, remover)
    owner = find_other_owner(membership, preferred=remover)
    transfer_grants(team=membership.team, user=membership.user, transferred=kept, owner=owner)
    revoke_grants(team=membership.team, user=membership.user, revoker=remover)
    end_personal_access(team=membership.team, user=membership.user, revoker=remover)
    if Membership.objects.filter(pk=membership.pk).exists():
        action = AuditAction.MEMBER_LEFT if remover == membership.user else AuditAction.MEMBER_REMOVED
        _record(action, membership, remover, role=membership.role)
    membership.delete()


def _record(action: AuditAction, membership: Membership, actor: User | None, **details: object) -> None:
    record_event(action=action, actor=actor, team=membership.team, person=membership.user, details=details)


def _lock_members(membership: Membership, actor: User | None) -> None:
    """Lock the team. Raises NotAllowed if `actor` changes another person's membership without being an owner."""
    if actor is None or actor == membership.user:
        lock_team(membership.team_id)
    else:
        lock_owned_team(team_id=membership.team_id, owner=actor)
