"""What became of the files of one upload, picture by picture, in sentences. Called by the upload view."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from collections_app.errors import CollectionGone, InvalidImage, QuotaExceeded, StorageUnavailable
from collections_app.imaging import check_byte_size
from collections_app.messages import in_words
from collections_app.models import Collection, Image, User
from collections_app.services.uploads.ingest import ingest_upload, upload_limits
from collections_app.services.uploads.zip_reader import (
    ArchiveEntry,
    ArchiveLimits,
    holds_too_much,
    is_archive,
    read_archive,
)

# So many refusals of one reason are named one by one; of more, so many names and their number are given.
_NAMED = 3
_NAME_LENGTH = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadResult:
    """What became of one file: `image` or `error`, a sentence."""

    file_name: str
    image: Image | None = None
    created: bool = False
    elsewhere: Image | None = None
    error: str = ""
    code: str = ""

    @property
    def note(self) -> str:
        """What the person may want to know of a picture that was added."""
        if self.elsewhere is None:
            return ""
        where = self.elsewhere.collection
        return _("You have the same picture in “%(collection)s” of “%(team)s”, too.") % {
            "collection": where.name,
            "team": where.team.name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was refused for one and the same reason: a line of the report."""

    name: str
    error: str
    count: int


def process_upload(*, file: BinaryIO, name: str, collection: Collection, uploader: User) -> list[UploadResult]:
    """Return one outcome for a picture, one for each entry of an archive. Never raises for what a file may be."""
    if not is_archive(file):
        return [_take_in_one(file, name, collection, uploader)]
    return list(_take_in_entries(file, name, collection, uploader))


def reject_truncated(*, name: str, byte_size: int, is_archive: bool) -> UploadResult:
    """For a file of which too much came to be kept, in the words that its content would have got."""
    try:
        if not is_archive:
            check_byte_size(byte_size, upload_limits())
    except InvalidImage as error:
        return UploadResult(file_name=name, error=in_words(error), code=error.code)
    if is_archive and byte_size > settings.MAX_ARCHIVE_MB * 2**20:
        return UploadResult(file_name=name, error=holds_too_much(), code="too_large")
    return UploadResult(
        file_name=name, error=_("Too much was sent at once. Send fewer files at a time."), code="too_large"
    )


def reject_unstored(*, name: str) -> UploadResult:
    """For a file that could not even be put aside until it is judged."""
    sentence = _("The site cannot store pictures just now. Try again later.")
    return UploadResult(file_name=name, error=sentence, code="storage")


def fold_refusals(outcomes: Sequence[UploadResult]) -> list[Refusal]:
    """Return the refused ones; many of one reason are a single line that names the first ones and counts the rest."""
    names: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.error:
            names[outcome.error].append(outcome.file_name)
    return [line for error, group in names.items() for line in _lines(error, group)]


def _lines(error: str, names: list[str]) -> list[Refusal]:
    if len(names) <= _NAMED:
        return [Refusal(name=name, error=error, count=1) for name in names]
    words = {"names": ", ".join(names[:_NAMED]), "count": intcomma(len(names) - _NAMED)}
    return [Refusal(name=_("%(names)s and %(count)s more") % words, error=error, count=len(names))]


def _take_in_entries(file: BinaryIO, name: str, collection: Collection, uploader: User) -> Iterator[UploadResult]:
    """What was stored before the disk gave up is reported, too."""
    try:
        for entry in read_archive(file, _archive_limits()):
            yield _take_in_entry(entry, collection, uploader)
    except OSError:
        yield _not_stored(name)


def _take_in_entry(entry: ArchiveEntry, collection: Collection, uploader: User) -> UploadResult:
    name = entry.name[:_NAME_LENGTH]
    if entry.file is None:
        return UploadResult(file_name=name or _("The archive"), error=entry.refusal, code="archive_entry")
    return _take_in_one(entry.file, name, collection, uploader)


def _not_stored(name: str) -> UploadResult:
    """Called where the error is being handled."""
    log.exception("An upload could not be stored")
    return reject_unstored(name=name)


def _archive_limits() -> ArchiveLimits:
    return ArchiveLimits(
        max_entries=settings.MAX_ARCHIVE_IMAGES,
        max_entry_bytes=settings.MAX_UPLOAD_MB * 2**20,
        max_total_bytes=settings.MAX_ARCHIVE_MB * 2**20,
    )


def _take_in_one(file: BinaryIO, name: str, collection: Collection, uploader: User) -> UploadResult:
    try:
        done = ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader)
    except InvalidImage as error:
        return UploadResult(file_name=name, error=in_words(error), code=error.code)
    except CollectionGone as error:
        return UploadResult(file_name=name, error=in_words(error), code="collection_gone")
    except QuotaExceeded as error:
        return UploadResult(file_name=name, error=in_words(error), code="no_room")
    except (OSError, StorageUnavailable):
        return _not_stored(name)
    return UploadResult(file_name=name, image=done.image, created=done.created, elsewhere=done.elsewhere)
