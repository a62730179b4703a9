"""Stored files: names for people, and deletion."""

from pathlib import PurePath

from django.core.files.storage import default_storage
from django.db import transaction

from collections_app.services.library.renditions import Rendition, build_rendition_name

_MAX_NAME_LENGTH = 255


def clean_file_name(name: str) -> str:
    """Return the last part of a path, without unprintable characters; "picture" if nothing is left.

    The result is safe to store, to show, and to use in a header or an archive.
    """
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable())
    cleaned = printable.encode(errors="ignore").decode()[:_MAX_NAME_LENGTH]
    return "picture" if cleaned in ("", "..") else cleaned


def delete_files(name: str) -> None:
    """Delete an original and its renditions. Missing files are ignored."""
    for each in (*(build_rendition_name(name, rendition) for rendition in Rendition), name):
        default_storage.delete(each)


def delete_files_after_commit(name: str) -> None:
    """Delete the files when the transaction commits. A failure is only logged: the index job deletes them again."""
    if name:
        transaction.on_commit(lambda: delete_files(name), robust=True)
