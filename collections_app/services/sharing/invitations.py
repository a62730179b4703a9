"""Invitations: a secret link for one email address, to a team or a collection, valid once."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext

from collections_app.errors import InvitationInvalid, LimitReached, NotAllowed, PersonalTeamProtected, WrongEmail
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, Collection, Invitation, Membership, Role, Share, Team, User
from collections_app.models.invitation import InvitationQuerySet
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.owners import lock_owned_team, lock_team
from collections_app.services.sharing.rate_limits import count_invitation

_SECRET_BYTES = 16


@transaction.atomic
def invite(
    *, email: str, role: str, inviter: User, team: Team | None = None, collection: Collection | None = None
) -> tuple[Invitation, str]:
    """Return an invitation to a team or a collection, and its secret.

    The secret is not stored. An earlier invitation of the same address is deleted. Raises PersonalTeamProtected,
    NotAllowed if the inviter is no owner, LimitReached or TooManyRequests.
    """
    if team and team.is_personal:
        raise PersonalTeamProtected(_("A personal team has one member. Create a team to work together."))
    team_id = team.pk if team else collection.team_id if collection else 0
    lock_owned_team(team_id=team_id, owner=inviter)
    Invitation.objects.filter(team=team, collection=collection, email__iexact=email).delete()
    _require_room_for_invitation(team_id)
    count_invitation(inviter=inviter)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    invitation = Invitation.objects.create(
        team=team,
        collection=collection,
        email=email,
        role=role,
        inviter=inviter,
        secret_hash=_hash(secret),
        expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )
    _record(AuditAction.INVITATION_SENT, invitation, inviter, person=invitation.email)
    return invitation, secret


def send_invitation(*, invitation: Invitation, address: str) -> None:
    """Mail the link in the inviter's language. The inviter sees the link too."""
    text = render_to_string("email/invitation.txt", {"invitation": invitation, "address": address})
    names = {"name": invitation.inviter, "target": invitation.team or invitation.collection}
    # A header has no line breaks.
    title = " ".join((gettext("%(name)s invited you to “%(target)s”") % names).split())
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + title
    send_mail(subject, text, None, [invitation.email])


def list_invitations_to(user: User) -> InvitationQuerySet:
    """Return the open invitations to addresses that the user has verified."""
    verified = EmailAddress.objects.filter(user=user, verified=True).values("email")
    return Invitation.objects.open().by_owners().filter(email__in=verified)


def find_invitation(secret: str) -> Invitation:
    """Return an open invitation.

    Raises InvitationInvalid if it is used, revoked or expired, or if the inviter is no longer an owner.
    """
    invitation = Invitation.objects.open().with_target().filter(secret_hash=_hash(secret)).first()
    if invitation is None or not _is_inviter_owner(invitation):
        raise InvitationInvalid(_("This invitation is no longer valid. Ask for a new one."))
    return invitation


@transaction.atomic
def accept_invitation(*, secret: str, user: User) -> Invitation:
    """Create the membership or the share, and delete the invitation.

    Raises InvitationInvalid, WrongEmail, or NotAllowed for a collection of a team that the person is in.
    """

    def find() -> Invitation:
        invitation = find_invitation(secret)
        if not is_addressed_to(invitation, user):
            sentence = _("This invitation is for another email address. Sign in with the account it was sent to.")
            raise WrongEmail(sentence)
        return invitation

    return _accept(find, user)


@transaction.atomic
def accept_verified_invitation(*, pk: int, user: User) -> Invitation:
    """Accept an invitation to an address that the user has verified. This needs no secret.

    Raises InvitationInvalid, or NotAllowed for a collection of a team that the person is in.
    """

    def find() -> Invitation:
        invitation = list_invitations_to(user).with_target().filter(pk=pk).first()
        if invitation is None:
            raise InvitationInvalid(_("This invitation is no longer valid. Ask for a new one."))
        return invitation

    return _accept(find, user)


def _accept(find: Callable[[], Invitation], user: User) -> Invitation:
    """Lock the invitation and find it again: another request may have accepted or revoked it meanwhile."""
    found = find()
    team_id = _get_team_id(found)
    lock_team(team_id)
    list(Invitation.objects.select_for_update().filter(pk=found.pk))
    invitation = find()
    _record(AuditAction.INVITATION_ACCEPTED, invitation, user)
    Invitation.objects.filter(pk=invitation.pk).delete()
    if invitation.team:
        Membership.objects.get_or_create(team=invitation.team, user=user, defaults={"role": invitation.role})
    else:
        if Membership.objects.filter(team=team_id, user=user).exists():
            raise NotAllowed(_("You are in the team already. Your role in it decides what you can do."))
        defaults = {"role": invitation.role, "sharer": invitation.inviter}
        Share.objects.get_or_create(collection=invitation.collection, user=user, defaults=defaults)
    return invitation


def is_addressed_to(invitation: Invitation, user: User) -> bool:
    """Return whether the invited address is the user's account address or one they have verified."""
    return invitation.email.casefold() in _get_addresses(user)


@transaction.atomic
def decline_invitation(*, invitation: Invitation, user: User) -> None:
    if Invitation.objects.filter(pk=invitation.pk).exists():
        _record(AuditAction.INVITATION_DECLINED, invitation, user)
        invitation.delete()


@transaction.atomic
def delete_invitations(*, invitations: Sequence[Invitation], revoker: User | None) -> None:
    """Revoke the invitations. `revoker` is for the audit trail; None: they end with a right."""
    found = Invitation.objects.with_target().filter(pk__in=[each.pk for each in invitations])
    for invitation in found:
        _record(AuditAction.INVITATION_REVOKED, invitation, revoker, person=invitation.email)
    found.delete()


def revoke_invitations(
    *, user: User, team: Team | None = None, collection: Collection | None = None, revoker: User | None = None
) -> None:
    """Delete the user's open invitations to a team and its collections, or to one collection.

    A user whose access is revoked must not regain it with an older invitation.
    """
    to_target = Q(team=team) | Q(collection__team=team) if team else Q(collection=collection)
    addresses = _get_addresses(user)
    own = [each for each in Invitation.objects.filter(to_target) if each.email.casefold() in addresses]
    delete_invitations(invitations=own, revoker=revoker)


def _get_addresses(user: User) -> set[str]:
    verified = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {address.casefold() for address in (user.email, *verified)}


def _get_team_id(invitation: Invitation) -> int:
    return invitation.collection.team_id if invitation.collection else invitation.team_id or 0


def _require_room_for_invitation(team_id: int) -> None:
    most = settings.OPEN_INVITATIONS_PER_TEAM
    open_ones = Invitation.objects.open().filter(Q(team=team_id) | Q(collection__team=team_id))
    if most and open_ones.count() >= most:
        sentence = _("This team has %(most)s open invitations, which is the limit. Revoke one, or wait for an answer.")
        raise LimitReached(sentence, most=most)


def _is_inviter_owner(invitation: Invitation) -> bool:
    """Return whether the inviter's account is open and still owns the team."""
    if not invitation.inviter.is_active:
        return False
    if invitation.team:
        return Membership.objects.filter(team=invitation.team, user=invitation.inviter, role=Role.OWNER).exists()
    return Collection.objects.owned_by(invitation.inviter).filter(invitations=invitation).exists()


def _record(action: AuditAction, invitation: Invitation, actor: User | None, person: str = "") -> None:
    """Record an event. `person` is the invited address, if the actor is another person."""
    team = invitation.collection.team if invitation.collection else invitation.team
    is_to_team = invitation.team is not None
    details = {"role": invitation.role, "to_team": is_to_team}
    record_event(action=action, actor=actor, team=team, target=invitation, person=person, details=details)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
