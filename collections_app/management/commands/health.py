"""Check the parts that the site needs, without a web server."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand

from collections_app.services.health import PART_NAMES, check_parts


class Command(BaseCommand):
    help = "Print the state of each part that the site needs. Exits with 1 if one fails."
    # Their warnings are not about the state of the parts.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--part", action="append", choices=PART_NAMES, default=[], help="check only this part")

    def handle(self, *_: Any, part: Sequence[str], **__: Any) -> None:
        parts = check_parts(part)
        for name, state in parts.items():
            self.stdout.write(f"{name}: {'ok' if state.is_ok else 'failed'}. {state.detail}")
        if not all(state.is_ok for state in parts.values()):
            sys.exit(1)
