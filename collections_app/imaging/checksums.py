"""The fingerprint by which the services find duplicate uploads."""

import hashlib
from typing import BinaryIO

CHUNK_BYTES = 1024 * 1024


def checksum(file: BinaryIO) -> str:
    """Return the SHA-256 of the whole file in hexadecimal; the file is left at 0."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
