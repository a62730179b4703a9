"""Hashes of a model's files: what tells two models apart where no commit of the hub does."""

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path


def content_fingerprint(files: Iterable[Path]) -> str:
    """Return one SHA-256 over the names and contents of the files, wherever they lie and in whatever order."""
    digest = hashlib.sha256()
    for file in sorted(set(files), key=lambda file: file.name):
        status = file.stat()
        digest.update(f"{file.name}\0{_file_hash(file, status.st_size, status.st_mtime_ns)}\n".encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=256)
def _file_hash(file: Path, size: int, mtime_ns: int) -> str:
    """Size and time are there for the cache: a file that changed is hashed anew, and 600 MB are hashed once."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
