"""Sharing a collection with a person or a team. Revoking takes effect with the next request."""

from django.conf import settings
from django.db import transaction

from collections_app.errors import LimitReached, NotAllowed
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, Collection, Membership, Share, ShareNotice, Team, User
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.accounts import find_verified_user
from collections_app.services.sharing.invitations import revoke_invitations
from collections_app.services.sharing.owners import lock_owned_team, lock_team


@transaction.atomic
def share_with_team(*, collection: Collection, team: Team, role: str, sharer: User) -> Share:
    """Raises NotAllowed for the collection's own team and for personal ones, and LimitReached."""
    lock_owned_team(team_id=collection.team_id, owner=sharer)
    if team.is_personal or team.pk == collection.team_id:
        raise NotAllowed(_("A collection can be shared with another team, but not with its own or a personal team."))
    return _share(collection, role, sharer, team=team)


@transaction.atomic
def share_with_teammate(*, collection: Collection, email: str, role: str, sharer: User) -> Share | None:
    """Share with a person who is in a team with the sharer and has verified this address.

    Return None for anyone else: invite them instead. The result does not reveal which addresses have accounts. Raises
    LimitReached, and NotAllowed for a member of the collection's team.
    """
    lock_owned_team(team_id=collection.team_id, owner=sharer)
    teams = Team.objects.visible_to(sharer).non_personal()
    teammates = User.objects.filter(pk__in=Membership.objects.filter(team__in=teams).values("user"))
    verified = find_verified_user(email=email)
    teammate = teammates.filter(pk=verified.pk).first() if verified else teammates.filter(email__iexact=email).first()
    if teammate is None:
        return None
    if Membership.objects.filter(team=collection.team_id, user=teammate).exists():
        raise NotAllowed(_("%(person)s is in the team and can see this collection already."), person=teammate.email)
    return _share(collection, role, sharer, user=teammate) if verified else None


@transaction.atomic
def change_share_role(*, share: Share, role: str, changer: User) -> None:
    """Raises NotAllowed if `changer` is no owner of the collection's team."""
    lock_owned_team(team_id=share.collection.team_id, owner=changer)
    former_role = Share.objects.filter(pk=share.pk).values_list("role", flat=True).first()
    if former_role not in (None, role):
        Share.objects.filter(pk=share.pk).update(role=role)
        record_share_event(AuditAction.SHARE_CHANGED, share, changer, role=role, former_role=former_role)


@transaction.atomic
def revoke_share(*, share: Share, revoker: User | None = None) -> None:
    """`revoker`: who revokes it, for the audit trail; None: the share ends by itself, for example with an account."""
    lock_team(share.collection.team_id)
    if Share.objects.filter(pk=share.pk).exists():
        record_share_event(AuditAction.SHARE_REVOKED, share, revoker, role=share.role)
        share.delete()
    if share.user:
        revoke_invitations(user=share.user, collection=share.collection, revoker=revoker)


def _share(
    collection: Collection, role: str, sharer: User, *, user: User | None = None, team: Team | None = None
) -> Share:
    changes = {"role": role, "sharer": sharer}
    others = Share.objects.filter(collection=collection).exclude(user=user, team=team)
    most = settings.SHARES_PER_COLLECTION
    if most and others.count() >= most:
        sentence = _("This collection is shared with %(most)s people and teams, which is the limit. Revoke one first.")
        raise LimitReached(sentence, most=most)
    former = Share.objects.filter(collection=collection, user=user, team=team)
    former_role = former.values_list("role", flat=True).first()
    share, is_new = Share.objects.update_or_create(collection=collection, user=user, team=team, defaults=changes)
    if is_new:
        _write_notices(share)
        record_share_event(AuditAction.COLLECTION_SHARED, share, sharer, role=role)
    elif former_role != role:
        record_share_event(AuditAction.SHARE_CHANGED, share, sharer, role=role, former_role=former_role)
    return share


def record_share_event(action: AuditAction, share: Share, actor: User | None, **details: object) -> None:
    """Record an event in the team of the collection. `details` also name the other team of a share with a team."""
    if share.team:
        details |= {"with_team": share.team.name, "with_team_id": share.team.pk}
    team = share.collection.team
    record_event(action=action, actor=actor, team=team, target=share, person=share.user, details=details)


def _write_notices(share: Share) -> None:
    members = Membership.objects.filter(team=share.team).exclude(user=share.sharer) if share.team else ()
    user_ids = [share.user_id] if share.user_id else [each.user_id for each in members]
    ShareNotice.objects.bulk_create(ShareNotice(share=share, user_id=user_id) for user_id in user_ids if user_id)
