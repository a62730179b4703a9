"""Migrate the database and collect the static files, as `serve` does when it starts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.management.run_until_signal import stop_on_signals
from collections_app.management.start_lock import prepare_site


class Command(BaseCommand):
    help = (
        "Prepare the database and the static files for `web` and `index_worker`. Several machines may run it at once."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        if not prepare_site(stop=stop_on_signals(), report=self.stdout.write):
            raise CommandError("Stopped while another process was preparing the database.")
