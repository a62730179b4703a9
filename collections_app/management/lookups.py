"""Users and teams that the commands' arguments name."""

from django.core.management.base import CommandError

from collections_app.models import Team, User
from collections_app.models.ids import parse_id


def get_user_by_email(email: str) -> User:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"There is no account with the email address {email}.")
    return user


def get_team(name: str) -> Team:
    """Find a team by its id or its name."""
    teams = Team.objects.filter(pk=parse_id(name) or 0) if name.isdecimal() else Team.objects.filter(name=name)
    if not teams:
        raise CommandError(f"There is no team “{name}”.")
    if len(teams) > 1:
        raise CommandError(f"{len(teams)} teams are named “{name}”. Use the ID instead.")
    return teams[0]
