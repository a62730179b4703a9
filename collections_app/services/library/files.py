"""Deleting stored files once their row is gone."""

from django.core.files.storage import default_storage
from django.db import transaction

from collections_app.services.library.renditions import Rendition, rendition_name


def delete_files(name: str) -> None:
    """Delete an original and what was made from it; what is not there does not matter."""
    for each in (*(rendition_name(name, rendition) for rendition in Rendition), name):
        default_storage.delete(each)


def delete_files_after_commit(name: str) -> None:
    """The index job repeats this, so a failure here (`robust`) costs time, not space."""
    if name:
        transaction.on_commit(lambda: delete_files(name), robust=True)
