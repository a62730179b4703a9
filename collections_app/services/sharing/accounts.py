"""What an account owns from its first moment."""

from allauth.account.models import EmailAddress
from django.db import transaction

from collections_app.models import Membership, Role, Team, User


@transaction.atomic
def create_personal_team(*, user: User) -> Team:
    """Return the user's personal team, made if there is none."""
    team, created = Team.objects.get_or_create(personal_of=user, defaults={"name": user.email})
    if created:
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return team


def vouch_for_address(*, user: User) -> None:
    """For accounts that the operator makes: nobody need prove by mail that the address is theirs."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
