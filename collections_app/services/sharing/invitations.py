"""Invitations: a secret link for one address, to a team or a collection, good for once."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext

from collections_app.errors import InvitationGone, PersonalTeam, WrongAddress
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Invitation, Membership, Role, Share, Team, User

_SECRET_BYTES = 16


@transaction.atomic
def invite(
    *, email: str, role: str, inviter: User, team: Team | None = None, collection: Collection | None = None
) -> tuple[Invitation, str]:
    """Return an invitation to a team or a collection, and its secret, which is stored nowhere.

    It takes the place of an earlier one to the same address. Raises PersonalTeam.
    """
    if team and team.is_personal:
        raise PersonalTeam(_("A personal team has one member. Make a team to work together."))
    Invitation.objects.filter(team=team, collection=collection, email__iexact=email).delete()
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
    return invitation, secret


def send_invitation(*, invitation: Invitation, address: str) -> None:
    """Mail the link, in the inviter's language. They see it as well, so a mail that cannot be sent loses nothing."""
    text = render_to_string("email/invitation.txt", {"invitation": invitation, "address": address})
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + gettext("%(name)s invites you") % {"name": invitation.inviter}
    send: Callable[[], object] = lambda: send_mail(subject, text, None, [invitation.email])  # noqa: E731
    transaction.on_commit(send, robust=True)


def find_invitation(secret: str) -> Invitation:
    """Return an open invitation. Raises InvitationGone: used, revoked, expired, or its inviter is no owner any more."""
    invitation = Invitation.objects.open().with_offer().filter(secret_hash=_hash(secret)).first()
    if invitation is None or not _inviter_may(invitation):
        raise InvitationGone(_("This invitation is not valid any more. Ask for a new one."))
    return invitation


@transaction.atomic
def accept_invitation(*, secret: str, user: User) -> Invitation:
    """Make the membership or the share, once. Raises InvitationGone or WrongAddress."""
    list(Invitation.objects.select_for_update().filter(secret_hash=_hash(secret)))
    invitation = find_invitation(secret)
    if not is_for(invitation, user):
        raise WrongAddress(_("This invitation is for another address. Sign in with the account it was sent to."))
    if invitation.team:
        Membership.objects.get_or_create(team=invitation.team, user=user, defaults={"role": invitation.role})
    else:
        defaults = {"role": invitation.role, "sharer": invitation.inviter}
        Share.objects.get_or_create(collection=invitation.collection, user=user, defaults=defaults)
    Invitation.objects.filter(pk=invitation.pk).delete()
    return invitation


def is_for(invitation: Invitation, user: User) -> bool:
    """Who holds the secret and has the address as their account's, or has it verified, is meant."""
    return invitation.email.casefold() in _addresses(user)


def withdraw_invitations(*, user: User, team: Team | None = None, collection: Collection | None = None) -> None:
    """Whose right to a team or collection is taken back shall not find a way in that lies open: an invitation of old.

    A team's are those to its collections, too.
    """
    to_it = Q(team=team) | Q(collection__team=team) if team else Q(collection=collection)
    addresses = _addresses(user)
    found = Invitation.objects.filter(to_it)
    ids = [each.pk for each in found if each.email.casefold() in addresses]
    Invitation.objects.filter(pk__in=ids).delete()


def _addresses(user: User) -> set[str]:
    verified = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {address.casefold() for address in (user.email, *verified)}


def _inviter_may(invitation: Invitation) -> bool:
    if invitation.team:
        return Membership.objects.filter(team=invitation.team, user=invitation.inviter, role=Role.OWNER).exists()
    return Collection.objects.owned_by(invitation.inviter).filter(invitations=invitation).exists()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
