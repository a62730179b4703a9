"""The folder of backups, and the manifest that makes a backup complete.

    FOLDER/files/originals/ab/abc.jpg      stored files, one copy for all backups
    FOLDER/20261128-030000-000000/         one backup: rows/, vectors/, files.jsonl.gz and manifest.json

A file in the storage never changes under its name, so a backup adds only the files that FOLDER/files does not have.
The manifest is written last. A folder without one is what an interrupted backup left.
"""

import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.utils.crypto import salted_hmac

from collections_app.errors import RestoreFailed
from collections_app.errors import gettext_noop as _

FORMAT = 1
_NAME = re.compile(r"\d{8}-\d{6}-\d{6}")
_MANIFEST = "manifest.json"
_POOL = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFile:
    """One file of a backup, below its folder. `rows` is the number of its lines or vectors."""

    path: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePart(PartFile):
    """The rows of a model. `last_id` is the highest id that the table has given, also to rows that were deleted."""

    model: str
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorPart(PartFile):
    """The vectors of one team by one model, as Parquet."""

    team_id: int
    model_key: str
    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup contains, and what could not be copied (`problems`, sentences for the administrator)."""

    format: int
    started_at: datetime
    finished_at: datetime
    database: str
    versions: Mapping[str, str]
    migrations: tuple[str, ...]
    secret_key: str
    tables: tuple[TablePart, ...]
    vectors: tuple[VectorPart, ...]
    files: PartFile
    file_bytes: int
    problems: tuple[str, ...]

    @property
    def row_count(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def vector_count(self) -> int:
        return sum(part.rows for part in self.vectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A complete backup."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.folder.name


def find_latest_backup(folder: Path | None = None) -> Backup | None:
    """Return the newest complete backup in a folder, by default in BACKUP_DIR; None if there is none."""
    folder = folder or settings.BACKUP_DIR
    return next(iterate_backups(folder), None) if folder else None


def iterate_backups(folder: Path) -> Iterator[Backup]:
    """Yield the complete backups, the newest first. One whose manifest cannot be read is left out."""
    for each in reversed(list_backup_folders(folder)):
        try:
            yield read_backup(each)
        except RestoreFailed:
            continue


def list_backup_folders(folder: Path) -> list[Path]:
    """Return the folders of all backups, also of interrupted ones, the oldest first."""
    try:
        return sorted(each for each in folder.iterdir() if _NAME.fullmatch(each.name))
    except OSError:
        return []


def is_complete(folder: Path) -> bool:
    return (folder / _MANIFEST).exists()


def delete_backup(folder: Path) -> None:
    """Delete the manifest first: a folder that is deleted in part is no complete backup."""
    (folder / _MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder)


def read_backup(folder: Path) -> Backup:
    """Raises RestoreFailed if the backup is not complete or comes from a later version."""
    try:
        known = json.loads((folder / _MANIFEST).read_text())
        if known["format"] != FORMAT:
            raise RestoreFailed(_("The backup %(name)s was made by another version of imagesearch."), name=folder.name)
        return Backup(folder=folder, manifest=_parse(known))
    except FileNotFoundError as error:
        raise RestoreFailed(_("The backup %(name)s is not complete: it has no manifest."), name=folder.name) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        sentence = _("The manifest of the backup %(name)s cannot be read: %(reason)s")
        raise RestoreFailed(sentence, name=folder.name, reason=str(error)) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make the backup complete, after everything else is on the disk."""
    draft = folder / f"{_MANIFEST}.draft"
    draft.write_text(json.dumps(dataclasses.asdict(manifest), indent=1, default=datetime.isoformat))
    os.sync()
    draft.replace(folder / _MANIFEST)
    os.sync()


def open_pool(backups: Path) -> FileSystemStorage:
    """Return the stored files of all backups in a folder. Its `path` refuses names that lead out of it."""
    return FileSystemStorage(location=backups / _POOL)


def find_pooled_file(pool: FileSystemStorage, name: str) -> Path:
    try:
        return Path(pool.path(name))
    except (SuspiciousFileOperation, ValueError) as error:
        raise RestoreFailed(_("The backup names a file outside of its folder: %(name)s"), name=name) from error


def describe_part(folder: Path, path: Path, rows: int) -> dict[str, Any]:
    """Return the fields of a PartFile that has been written."""
    return {"path": path.relative_to(folder).as_posix(), "rows": rows, "sha256": hash_file(path)}


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_key_fingerprint(secret_key: str) -> str:
    """Return a few bits that tell secret keys apart and do not help to find one."""
    return salted_hmac("imagesearch backup", "secret key", secret=secret_key).hexdigest()[:8]


def _parse(known: dict[str, Any]) -> Manifest:
    dates = {name: datetime.fromisoformat(known[name]) for name in ("started_at", "finished_at")}
    parts = {
        "tables": tuple(TablePart(**each) for each in known["tables"]),
        "vectors": tuple(VectorPart(**each) for each in known["vectors"]),
        "files": PartFile(**known["files"]),
    }
    lists = {name: tuple(known[name]) for name in ("migrations", "problems")}
    return Manifest(**{**known, **dates, **parts, **lists})
