"""The check of CLIP_MODEL when a process starts."""

import logging
from collections.abc import Callable

from django.core.management.base import CommandError
from django.db import DatabaseError

from collections_app.errors import EncoderError, ModelChangeRefused

log = logging.getLogger(__name__)


def check_model_settings(check: Callable[[], object]) -> None:
    """Raise CommandError if the settings name a model that the pictures were not prepared for.

    While the model or the database is unavailable, the process starts all the same: it waits for them.
    """
    try:
        check()
    except ModelChangeRefused as error:
        raise CommandError(str(error)) from error
    except (EncoderError, DatabaseError) as error:
        log.warning("The model could not be checked: %s", error)
