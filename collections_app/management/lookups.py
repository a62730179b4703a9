"""How the commands name a person and a team."""

from django.core.management.base import CommandError

from collections_app.models import Team, User


def user_by_email(email: str) -> User:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"There is no account with the address {email}.")
    return user


def team_by_name(name: str) -> Team:
    """By its number or its name."""
    teams = Team.objects.filter(pk=int(name)) if name.isdecimal() else Team.objects.filter(name=name)
    if not teams:
        raise CommandError(f"There is no team “{name}”.")
    if len(teams) > 1:
        raise CommandError(f"{len(teams)} teams are named “{name}”: give the number instead.")
    return teams[0]
