"""Sharing a collection with a person or a team. Revoking takes effect with the next request."""

from django.conf import settings
from django.db import transaction

from collections_app.errors import LimitReached, NotAllowed
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Membership, Share, ShareNotice, Team, User
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
    Share.objects.filter(pk=share.pk).update(role=role)


@transaction.atomic
def revoke_share(*, share: Share) -> None:
    lock_team(share.collection.team_id)
    share.delete()
    if share.user:
        revoke_invitations(user=share.user, collection=share.collection)


def _share(
    collection: Collection, role: str, sharer: User, *, user: User | None = None, team: Team | None = None
) -> Share:
    changes = {"role": role, "sharer": sharer}
    others = Share.objects.filter(collection=collection).exclude(user=user, team=team)
    most = settings.SHARES_PER_COLLECTION
    if most and others.count() >= most:
        sentence = _("This collection is shared with %(most)s people and teams, which is the limit. Revoke one first.")
        raise LimitReached(sentence, most=most)
    share, is_new = Share.objects.update_or_create(collection=collection, user=user, team=team, defaults=changes)
    if is_new:
        _write_notices(share)
    return share


def _write_notices(share: Share) -> None:
    members = Membership.objects.filter(team=share.team).exclude(user=share.sharer) if share.team else ()
    user_ids = [share.user_id] if share.user_id else [each.user_id for each in members]
    ShareNotice.objects.bulk_create(ShareNotice(share=share, user_id=user_id) for user_id in user_ids if user_id)
