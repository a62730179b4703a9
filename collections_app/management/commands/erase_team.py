"""Erase a team with all its data, and prove that nothing is left."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q

from collections_app.errors import PersonalTeamProtected
from collections_app.management.erasures import erase_with_proof, require_typed_name
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_team
from collections_app.models import Erasure, ErasureKind, Team
from collections_app.models.ids import parse_id
from collections_app.services.erasure.erasing import begin_team_erasure
from collections_app.services.library.quotas import measure_usage


class Command(FreeTextCommand):
    help = (
        "Erase a team with its collections and pictures: rows, files, vectors, exports. Its members keep their "
        "accounts. Prints a proof; exits with 1 if something is left. Can be repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", metavar="ID_OR_NAME")
        parser.add_argument("--yes", action="store_true", help="erase without asking")

    def handle(self, *_: Any, team: str, yes: bool, **__: Any) -> None:
        by_name = Q(pk=parse_id(team) or 0) | Q(name=team)
        begun = Erasure.objects.filter(Q(name=team) | Q(subject_id=parse_id(team) or 0), kind=ErasureKind.TEAM).first()
        is_begun = begun is not None and not Team.objects.filter(by_name).exclude(pk=begun.subject_id).exists()
        erase_with_proof(self, begun if begun and is_begun else self._begin(get_team(team), yes))

    def _begin(self, team: Team, yes: bool) -> Erasure:
        if not yes:
            count = measure_usage(team).images
            require_typed_name(name=team.name, sentence=f"This erases the team “{team}” with {count:,} pictures.")
        try:
            return begin_team_erasure(team=team)
        except PersonalTeamProtected as error:
            raise CommandError(f"{error} To erase an account with its personal team: manage.py erase_user.") from error
