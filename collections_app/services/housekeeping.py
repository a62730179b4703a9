"""What the index worker does now and then beside its queue."""

import logging

from collections_app.models import Invitation
from collections_app.services.leftovers import sweep_stored_files, sweep_temporary_files
from collections_app.services.trash import purge_trash

log = logging.getLogger(__name__)

EVERY_S = 3600.0


def keep_house() -> None:
    """Purge the trash, expired invitations and what dead processes left. Several workers may do it at once."""
    if purged := purge_trash():
        log.info("%s pictures were deleted for good.", purged)
    Invitation.objects.expired().delete()
    if swept := sweep_temporary_files() + sweep_stored_files():
        log.info("%s files of interrupted uploads were deleted.", swept)
