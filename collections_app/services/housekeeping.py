"""What the index worker does now and then beside its queue."""

import logging

from collections_app.models import IndexJob, Invitation
from collections_app.services.active import active_index
from collections_app.services.examples import forget_expired_examples
from collections_app.services.leftovers import sweep_stored_files, sweep_temporary_files
from collections_app.services.recent_searches import forget_older_searches
from collections_app.services.trash import purge_trash

log = logging.getLogger(__name__)

# Examples may stay for an hour at most, see models.example.
EVERY_S = 600.0


def keep_house() -> None:
    """Purge the trash, forget what has had its day. Several workers may do it."""
    if purged := purge_trash():
        log.info("%s pictures were deleted for good.", purged)
    Invitation.objects.expired().delete()
    forget_expired_examples()
    forget_older_searches()
    if swept := sweep_temporary_files() + sweep_stored_files():
        log.info("%s files of interrupted uploads were deleted.", swept)
    if not IndexJob.objects.waiting().exists() and active_index().drop_outgrown():  # while any wait, some may be needed
        log.info("The vectors of an older version have all been taken over, and were removed.")
