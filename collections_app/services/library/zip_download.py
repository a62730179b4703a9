"""A ZIP file of pictures that is made while it is sent. Neither memory nor disk contains the whole file."""

import time
import zipfile
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import IO, cast

from django.core.files import File
from django.utils import timezone

from collections_app.errors import InvalidImage
from collections_app.models import Image, Team, User
from collections_app.services.library.files import UniqueNames
from collections_app.services.library.renditions import Rendition, open_rendition

_CHUNK_BYTES = 64 * 1024
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
# An entry of this size needs the zip64 format. Renditions are far smaller.
_ZIP64_BYTES = 2**31 - 1
CHECKED_TOGETHER = 100
CHECKED_FOR_S = 1.0


def stream_zip(*, image_ids: Sequence[int], user: User) -> Generator[bytes]:
    """Yield the archive's bytes.

    Access is checked before a file, at least for every 100 pictures and, if that takes longer, every second. A picture
    that the user may no longer see is skipped, and a closed account ends the archive. Members of a picture's team get
    the original, other people a JPEG without private metadata. An entry has the date of its picture. The entry
    missing.txt lists files that are missing from the storage.
    """
    sent = _Sent()
    names = UniqueNames()
    missing: list[str] = []
    with zipfile.ZipFile(cast(IO[bytes], sent), "w", zipfile.ZIP_STORED) as archive:
        for image, is_member in _iterate_visible(image_ids, user):
            try:
                file, suffix = _open_file(image, is_member=is_member)
            except (FileNotFoundError, InvalidImage):
                missing.append(image.name)
                continue
            entry = build_zip_entry(names.add(image.original_name, suffix=suffix), image.taken_at or image.created_at)
            with file, archive.open(entry, "w", force_zip64=image.byte_size >= _ZIP64_BYTES) as target:
                for chunk in file.chunks(_CHUNK_BYTES):
                    target.write(chunk)
                    yield sent.take()
            yield sent.take()
        if missing:
            archive.writestr(build_zip_entry(names.add("missing.txt"), timezone.now()), "\n".join(missing))
    yield sent.take()


def _iterate_visible(image_ids: Sequence[int], user: User) -> Iterator[tuple[Image, bool]]:
    """Yield the images that the user may see, in order, and whether they are a member of the image's team."""
    place = 0
    while place < len(image_ids):
        if not User.objects.filter(pk=user.pk, is_active=True).exists():
            return
        chunk = image_ids[place : place + CHECKED_TOGETHER]
        images = Image.objects.visible_to(user).with_collection().in_bulk(chunk)
        teams = {image.collection.team_id for image in images.values()}
        own = set(Team.objects.visible_to(user).filter(pk__in=teams).values_list("pk", flat=True))
        end = time.monotonic() + CHECKED_FOR_S
        for image_id in chunk:
            place += 1
            if image := images.get(image_id):
                yield image, image.collection.team_id in own
            if time.monotonic() > end:
                break


class _Sent:
    """Collects what the archive writes until `take`. It cannot seek, so an entry's size follows its content."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _open_file(image: Image, *, is_member: bool) -> tuple[File[bytes], str]:
    """Return the file, and the suffix that replaces the one of its name."""
    if is_member:
        return image.file.open("rb"), ""
    return open_rendition(image=image, rendition=Rendition.FULL), ".jpg"


def build_zip_entry(name: str, moment: datetime) -> zipfile.ZipInfo:
    """Return an entry. ZIP files store local times from 1980 to 2107 and file modes of Unix.

    A naive `moment` is a local time already.
    """
    local = moment if timezone.is_naive(moment) else timezone.localtime(moment)
    date = local.timetuple()[:6]
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        date = (_FIRST_YEAR, 1, 1, 0, 0, 0) if local.year < _FIRST_YEAR else (_LAST_YEAR, 12, 31, 23, 59, 58)
    entry = zipfile.ZipInfo(name, date)
    entry.external_attr = 0o644 << 16
    return entry
