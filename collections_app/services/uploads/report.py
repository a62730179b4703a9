"""The report of one upload: a result for each file, with a sentence for each rejection."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from collections_app.errors import CollectionDeleted, InvalidImage, QuotaExceeded, StorageUnavailable
from collections_app.imaging import check_byte_size
from collections_app.messages import describe_error
from collections_app.models import Collection, Image, User
from collections_app.services.uploads.ingest import get_upload_limits, ingest_upload
from collections_app.services.uploads.zip_reader import ArchiveEntry, ArchiveLimits, describe_oversized_archive

# Up to this many files rejected for one reason get a line each. More files share one line, which names this many.
_MAX_NAMED = 3
_MAX_NAME_LENGTH = 200
# A report has at most this many reasons. One line counts the rejections for other reasons.
_MAX_REASONS = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadResult:
    """The result of one file: either `image`, or `error` (a sentence) and `code` (a stable name of the reason)."""

    file_name: str
    image: Image | None = None
    created: bool = False
    copy_in_other_team: Image | None = None
    error: str = ""
    code: str = ""

    @property
    def note(self) -> str:
        """A sentence about the same picture in another team; empty if there is none."""
        if self.copy_in_other_team is None:
            return ""
        collection = self.copy_in_other_team.collection
        return _("You also have this picture in “%(collection)s” of “%(team)s”.") % {
            "collection": collection.name,
            "team": collection.team.name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A line of the report: the files rejected for one reason."""

    name: str
    error: str
    count: int


class RejectionGroups:
    """The rejected files, grouped by reason: the first names of each group and the number of its files."""

    def __init__(self, stored: Sequence[Sequence[Any]] = ()) -> None:
        self._groups: dict[str, tuple[list[str], int]] = {error: (names, count) for error, names, count in stored}

    def add(self, *, name: str, error: str, count: int = 1) -> None:
        if error not in self._groups and len(self._groups) >= _MAX_REASONS:
            error = _("Other reasons.")
        names, total = self._groups.get(error, ([], 0))
        self._groups[error] = ([*names, name][:_MAX_NAMED], total + count)

    def export_json(self) -> list[list[Any]]:
        return [[error, names, count] for error, (names, count) in self._groups.items()]

    def build_lines(self) -> list[Rejection]:
        """Return a line for each rejected file. Many files with one reason share a line with their number."""
        return [line for error, (names, count) in self._groups.items() for line in _build_lines(error, names, count)]


def ingest_file(*, file: BinaryIO, name: str, collection: Collection, uploader: User) -> UploadResult:
    """Store a picture. Errors of the file and of the storage are results, and are not raised."""
    try:
        return ingest_or_raise(file=file, name=name, collection=collection, uploader=uploader)
    except (OSError, StorageUnavailable):
        log.exception("An upload could not be stored")
        return build_not_stored_result(name=name)


def ingest_or_raise(*, file: BinaryIO, name: str, collection: Collection, uploader: User) -> UploadResult:
    """Store a picture. Raises OSError or StorageUnavailable if the storage fails."""
    try:
        done = ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader)
    except InvalidImage as error:
        return UploadResult(file_name=name, error=describe_error(error), code=error.code)
    except CollectionDeleted as error:
        return UploadResult(file_name=name, error=describe_error(error), code="collection_gone")
    except QuotaExceeded as error:
        return UploadResult(file_name=name, error=describe_error(error), code="no_room")
    return UploadResult(
        file_name=name, image=done.image, created=done.created, copy_in_other_team=done.copy_in_other_team
    )


def ingest_entry(*, entry: ArchiveEntry, collection: Collection, uploader: User) -> UploadResult:
    """Store an entry of an archive. Raises OSError or StorageUnavailable if the storage fails."""
    if entry.file is None:
        return build_rejected_entry_result(entry)
    name = entry.name[:_MAX_NAME_LENGTH]
    return ingest_or_raise(file=entry.file, name=name, collection=collection, uploader=uploader)


def build_rejected_entry_result(entry: ArchiveEntry) -> UploadResult:
    name = entry.name[:_MAX_NAME_LENGTH] or _("The ZIP file")
    return UploadResult(file_name=name, error=entry.rejection, code="archive_entry")


def get_archive_limits() -> ArchiveLimits:
    return ArchiveLimits(
        max_entries=settings.MAX_ARCHIVE_IMAGES,
        max_entry_bytes=settings.MAX_UPLOAD_MB * 2**20,
        max_total_bytes=settings.MAX_ARCHIVE_MB * 2**20,
    )


def reject_truncated(*, name: str, byte_size: int, is_archive: bool) -> UploadResult:
    """Return the result for a file that exceeded a limit, with the same sentence as the check of the file."""
    try:
        if not is_archive:
            check_byte_size(byte_size, get_upload_limits())
    except InvalidImage as error:
        return UploadResult(file_name=name, error=describe_error(error), code=error.code)
    if is_archive and byte_size > settings.MAX_ARCHIVE_MB * 2**20:
        return UploadResult(file_name=name, error=describe_oversized_archive(), code="too_large")
    return UploadResult(
        file_name=name, error=_("This upload is too large. Upload fewer files at a time."), code="too_large"
    )


def build_not_stored_result(*, name: str) -> UploadResult:
    """Return the result for a file that could not be stored."""
    sentence = _("Pictures can't be stored right now. Try again later.")
    return UploadResult(file_name=name, error=sentence, code="storage")


def group_rejections(results: Iterable[UploadResult]) -> list[Rejection]:
    groups = RejectionGroups()
    for result in results:
        if result.error:
            groups.add(name=result.file_name, error=result.error)
    return groups.build_lines()


def _build_lines(error: str, names: list[str], count: int) -> list[Rejection]:
    if count <= len(names):
        return [Rejection(name=name, error=error, count=1) for name in names]
    words = {"names": ", ".join(names), "count": intcomma(count - len(names))}
    return [Rejection(name=_("%(names)s and %(count)s more") % words, error=error, count=count)]
