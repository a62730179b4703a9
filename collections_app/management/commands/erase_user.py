"""Erase an account with all its data, and prove that nothing is left."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q

from collections_app.errors import LastOwnerRequired
from collections_app.management.erasures import erase_with_proof, require_typed_name
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_user_by_email
from collections_app.models import Erasure, ErasureKind
from collections_app.models.ids import parse_id
from collections_app.services.erasure.accounts import preview_account_deletion
from collections_app.services.erasure.erasing import begin_account_erasure


class Command(FreeTextCommand):
    help = (
        "Erase an account and its personal team: rows, files, vectors, exports, sessions. Its pictures in other teams "
        "stay, without their uploader. Prints a proof; exits with 1 if something is left. Can be repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="EMAIL")
        parser.add_argument("--yes", action="store_true", help="erase without asking")

    def handle(self, *_: Any, user: str, yes: bool, **__: Any) -> None:
        begun = Q(name__iexact=user) | Q(subject_id=parse_id(user) or 0)
        erasure = Erasure.objects.filter(begun, kind=ErasureKind.ACCOUNT).first()
        if erasure is None:
            erasure = self._begin(user, yes)
        kept = len(erasure.kept_image_ids)
        erase_with_proof(self, erasure)
        self.stdout.write(f"Pictures in other teams, kept without their uploader: {kept:,}")

    def _begin(self, email: str, yes: bool) -> Erasure:
        found = get_user_by_email(email)
        if not yes:
            preview = preview_account_deletion(found)
            sentence = f"This erases the account {found.email} with {preview.usage.images:,} pictures of its own."
            require_typed_name(name=found.email, sentence=sentence)
        try:
            return begin_account_erasure(user=found)
        except LastOwnerRequired as error:
            raise CommandError(f"{error} To erase a team: manage.py erase_team ID.") from error
