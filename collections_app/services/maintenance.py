"""The periodic clean-up that the index worker runs beside its queue."""

import logging

from collections_app.models import IndexJob, Invitation
from collections_app.services.audit_trail import delete_old_events
from collections_app.services.erasure.accounts import erase_due_accounts
from collections_app.services.exports.queue import delete_expired_exports
from collections_app.services.indexing.completeness import restore_lost_entries
from collections_app.services.indexing.kept_models import read_kept_models
from collections_app.services.indexing.model_changes import drop_late_vectors
from collections_app.services.library.bulk_changes import delete_old_undo_steps
from collections_app.services.library.trash import purge_trash, trash_images_of_trashed_collections
from collections_app.services.mail.queue import delete_old_mail
from collections_app.services.search.example_images import delete_expired_examples
from collections_app.services.search.recent import delete_older_searches
from collections_app.services.uploads.archives import delete_old_archives
from collections_app.services.uploads.orphans import delete_old_temporary_files, delete_orphaned_files

log = logging.getLogger(__name__)


def run_maintenance() -> None:
    """Purge the trash, delete expired data and restore lost entries. Several workers may run this at once."""
    trash_images_of_trashed_collections()
    if purged := purge_trash():
        log.info("%s pictures were deleted permanently.", purged)
    delete_old_undo_steps()
    Invitation.objects.expired().delete()
    if unsent := delete_old_mail():
        log.warning("%s mails could not be sent for days and were deleted.", unsent)
    delete_expired_examples()
    delete_older_searches()
    delete_old_archives()
    if old := delete_old_events():
        log.info("%s old events of the audit trail were deleted.", old)
    delete_expired_exports()
    if deleted := delete_old_temporary_files() + delete_orphaned_files():
        log.info("%s files of interrupted uploads were deleted.", deleted)
    restore_lost_entries()
    drop_late_vectors()  # before erasures, which search them too
    erase_due_accounts()
    # Waiting jobs may still copy superseded vectors.
    if not IndexJob.objects.waiting().exists() and any(each.index.drop_superseded() for each in read_kept_models()):
        log.info("The vectors of an older version were copied and removed.")
