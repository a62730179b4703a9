"""What an account owns from its first moment."""

from django.db import transaction

from collections_app.models import Membership, Role, Team, User


@transaction.atomic
def create_personal_team(*, user: User) -> Team:
    """Return the user's personal team, made if there is none."""
    team, created = Team.objects.get_or_create(personal_of=user, defaults={"name": user.email})
    if created:
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return team
