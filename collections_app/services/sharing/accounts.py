"""What every new account gets: a personal team, and for superusers a verified address."""

from allauth.account.models import EmailAddress
from django.db import transaction

from collections_app.models import Membership, Role, Team, User


@transaction.atomic
def create_personal_team(*, user: User) -> Team:
    """Return the user's personal team; create it if it is missing."""
    team, created = Team.objects.get_or_create(personal_of=user, defaults={"name": user.email})
    if created:
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return team


def mark_address_verified(*, user: User) -> None:
    """Mark the address verified without a mail, for accounts that an operator creates."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
