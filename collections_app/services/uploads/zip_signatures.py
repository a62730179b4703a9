"""The first and last bytes of ZIP files, which identify them whatever their names."""

import os
import zipfile
from typing import BinaryIO

from collections_app.imaging.errors import build_unaccepted_error
from collections_app.imaging.formats import HEAD_BYTES, find_format

SIGNATURE = b"PK\x03\x04"
_FIRST_PART = b"PK\x07\x08"
_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT_BYTES = 2**16


def is_archive(file: BinaryIO) -> bool:
    """Return whether the file is a ZIP file, whatever its name. The file is left at 0.

    A self-extracting program, or the last part of a split ZIP file, begins with other bytes and counts too. A picture
    with an appended ZIP file is a picture.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    try:
        if head.startswith((SIGNATURE, _FIRST_PART, _END)):
            return True
        return not _is_picture(head) and zipfile.is_zipfile(file)
    finally:
        file.seek(0)


def is_first_part(file: BinaryIO) -> bool:
    """Return whether the file is the first part of a split ZIP file, which has no directory."""
    file.seek(0)
    return file.read(len(_FIRST_PART)) == _FIRST_PART


def read_stated_count(file: BinaryIO) -> int:
    """Return the number of entries that the end of the directory states; 0 if there is no end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES - _MAX_COMMENT_BYTES))
    tail = file.read()
    start = tail.rfind(_END)
    return int.from_bytes(tail[start + 10 : start + 12], "little") if start >= 0 else 0


def _is_picture(head: bytes) -> bool:
    return find_format(head) is not None or build_unaccepted_error(head).code == "unsupported"
