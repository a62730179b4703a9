"""Show the active model and download it if needed."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import get_encoder
from collections_app.errors import EncoderError


class Command(BaseCommand):
    help = "Show the active model. Downloads it if it is not on this machine."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            encoder = get_encoder()
            line = f"{settings.CLIP_MODEL}: {encoder.dim} dimensions, {encoder.key}"
        except EncoderError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(line)
