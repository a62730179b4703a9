"""Stored files: names for people, and deletion."""

import unicodedata
from pathlib import PurePath

from django.core.files.storage import default_storage
from django.db import transaction
from pathvalidate import Platform, sanitize_filename

from collections_app.services.library.renditions import Rendition, build_rendition_name

_MAX_NAME_LENGTH = 255
_MAX_DOWNLOAD_BYTES = 255
_MAX_SUFFIX_BYTES = 16


def clean_file_name(name: str) -> str:
    """Return the last part of a path, without unprintable characters; "picture" if nothing is left.

    The result is safe to store, to show, and to use in a header or an archive.
    """
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable())
    cleaned = printable.encode(errors="ignore").decode().strip()
    if len(cleaned) > _MAX_NAME_LENGTH:
        kept = _get_kept_suffix(PurePath(cleaned))
        cleaned = cleaned[: _MAX_NAME_LENGTH - len(kept)] + kept
    return "picture" if cleaned in ("", "..") else cleaned


def build_download_name(name: str, *, suffix: str = "", number: int = 1) -> str:
    """Return a name that every file system can store: in normal form C, with at most 255 bytes in UTF-8.

    `suffix` replaces the suffix of the name. A `number` above 1 is added to the name.
    """
    path = PurePath(unicodedata.normalize("NFC", clean_file_name(name)))
    kept = _get_kept_suffix(path)
    stem = path.name.removesuffix(path.suffix if suffix else kept)
    ending = (f" ({number})" if number > 1 else "") + (suffix or kept)
    room = _MAX_DOWNLOAD_BYTES - len(ending.encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    whole = sanitize_filename(f"{stem}{ending}", platform=Platform.UNIVERSAL)
    return whole if whole.removesuffix(ending) else f"picture{ending}"


def _get_kept_suffix(path: PurePath) -> str:
    """Return the suffix that a shortened name keeps, or an empty string for a very long suffix."""
    return path.suffix if len(path.suffix.encode()) <= _MAX_SUFFIX_BYTES else ""


def delete_files(name: str) -> None:
    """Delete an original and its renditions. Missing files are ignored."""
    for each in (*(build_rendition_name(name, rendition) for rendition in Rendition), name):
        default_storage.delete(each)


def delete_files_after_commit(name: str) -> None:
    """Delete the files when the transaction commits. A failure is only logged: the index job deletes them again."""
    if name:
        transaction.on_commit(lambda: delete_files(name), robust=True)
