"""Users, teams, collections and numbers that the commands' arguments name."""

from argparse import ArgumentTypeError
from typing import TypeVar

from django.core.management.base import CommandError
from django.db.models import Model, Q, QuerySet

from collections_app.models import Collection, Team, User
from collections_app.models.ids import parse_id

_Row = TypeVar("_Row", bound=Model)


def get_user_by_email(email: str) -> User:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"There is no account with the email address {email}.")
    return user


def get_team(id_or_name: str) -> Team:
    return _get_only_match("team", Team.objects.filter(_match_id_or_name(id_or_name)), id_or_name)


def get_collection(id_or_name: str, *, team: Team | None) -> Collection:
    """Find a collection of the team, or of any team."""
    collections = Collection.objects.filter(team=team) if team else Collection.objects.all()
    return _get_only_match("collection", collections.filter(_match_id_or_name(id_or_name)), id_or_name)


def parse_percent(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100):
        raise ArgumentTypeError(f"a whole number from 1 to 100, not {text}")
    return int(text)


def _match_id_or_name(id_or_name: str) -> Q:
    return Q(pk=parse_id(id_or_name) or 0) if id_or_name.isdecimal() else Q(name=id_or_name)


def _get_only_match(kind: str, found: QuerySet[_Row], id_or_name: str) -> _Row:
    """Raises CommandError unless there is exactly one."""
    if not found:
        raise CommandError(f"There is no {kind} “{id_or_name}”.")
    if len(found) > 1:
        raise CommandError(f"{len(found)} {kind}s are named “{id_or_name}”. Use the ID instead.")
    return found[0]
