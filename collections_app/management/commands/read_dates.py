"""Read the dates of all pictures from their files again."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app.errors import ImageSearchError
from collections_app.management.run_until_signal import EXIT_INTERRUPTED, stop_on_signals
from collections_app.models import Image
from collections_app.services.library.date_reading import DateReading, read_dates_again

_SHOWN_UNREADABLE = 20


class Command(BaseCommand):
    help = "Read when each picture was taken from its file or its file's name. Dates that people edited stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--after", type=int, default=0, metavar="ID", help="begin after the picture with this id")

    def handle(self, *_: Any, after: int, **__: Any) -> None:
        reading, stop = DateReading(last_id=after), stop_on_signals()
        total = Image.objects.filter(pk__gt=after, date_edited_at=None).count()
        try:
            with tqdm(total=total, desc="Reading dates", unit="picture", disable=not total) as bar:
                while read_dates_again(reading=reading, is_stopped=stop.is_set):
                    bar.update(reading.read_count - bar.n)
                bar.update(reading.read_count - bar.n)
        except ImageSearchError as error:
            raise CommandError(f"{error} {self._describe_rest(reading)}") from error
        self.stdout.write(f"{reading.read_count} read, {reading.changed_count} changed.")
        if stop.is_set():
            self.stderr.write(f"Stopped. {self._describe_rest(reading)}")
            sys.exit(EXIT_INTERRUPTED)
        if reading.unreadable:
            shown = ", ".join(map(str, reading.unreadable[:_SHOWN_UNREADABLE]))
            raise CommandError(
                f"{len(reading.unreadable)} files could not be read. Their dates stay. Pictures: {shown}"
            )

    def _describe_rest(self, reading: DateReading) -> str:
        return f"Dates read so far are kept. Continue with --after {reading.last_id}."
