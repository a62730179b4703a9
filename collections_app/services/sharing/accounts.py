"""Accounts: their personal teams and their addresses."""

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from collections_app.models import AuditAction, Image, Membership, Role, Team, User
from collections_app.services.audit_trail import record_event


@transaction.atomic
def create_personal_team(*, user: User) -> Team:
    """Return the user's personal team; create it if it is missing."""
    team, created = Team.objects.get_or_create(personal_of=user, defaults={"name": user.email})
    if created:
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return team


def rename_person(*, user: User, display_name: str) -> None:
    """Change the name that others see instead of the address. Empty: they see the address."""
    user.display_name = display_name
    user.save(update_fields=["display_name"])


def delete_account(*, user: User, deleter: User | None = None) -> None:
    """Delete the account with its personal team. Pictures in other teams stay, without their uploader.

    The pictures are changed first, in short transactions. After an interruption it can be repeated. The owners of the
    person's teams read in the audit trail that the account was deleted.
    """
    Image.objects.filter(collection__team__personal_of=user).delete_in_chunks()
    Image.objects.filter(uploader=user).update_in_chunks(uploader=None)
    Image.objects.filter(trasher=user).update_in_chunks(trasher=None)
    with transaction.atomic():
        for team in [None, *Team.objects.visible_to(user).non_personal()]:
            record_event(action=AuditAction.ACCOUNT_DELETED, actor=deleter, team=team, person=user)
        user.delete()


def mark_address_verified(*, user: User) -> None:
    """Mark the address verified without a mail, for accounts that an operator creates."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@transaction.atomic
def replace_address(*, user: User, email: str) -> None:
    """Make this the account's only address and mark it verified, because an administrator entered it."""
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=email.lower(), verified=True, primary=True)


def find_verified_user(*, email: str) -> User | None:
    """Return the account that has verified this address."""
    found = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return found.user if found else None


def has_ascii_mailbox(email: str) -> bool:
    """Return whether the part before the @ is ASCII.

    Some other letters become ASCII letters in lower case, so two different addresses would match one account.
    """
    return email.rpartition("@")[0].isascii()


def validate_mailbox(email: str) -> None:
    """Raises ValidationError."""
    if not has_ascii_mailbox(email):
        raise ValidationError(_("Use an address with English letters, digits and signs before the “@”."))
