"""Taking a picture in: judged, stored, and its row written; the model runs later, in the worker."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from collections_app.errors import CollectionGone
from collections_app.errors import gettext_noop as _
from collections_app.imaging import Limits, PictureInfo, checksum, inspect_picture
from collections_app.models import Collection, Image, PendingFile, Team, User
from collections_app.models.image import storage_name
from collections_app.services.library.collections import retry_indexing
from collections_app.services.library.quotas import ensure_room


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """`created` is False where the team has the same bytes already: `image` is that picture.

    `elsewhere`: a picture of the same bytes that the uploader sees in another team; it stays what it is.
    """

    image: Image
    created: bool
    elsewhere: Image | None = None


def upload_limits() -> Limits:
    return Limits(
        max_bytes=settings.MAX_UPLOAD_MB * 2**20,
        max_pixels=settings.MAX_MEGAPIXELS * 10**6,
        max_frames=settings.MAX_FRAMES,
    )


def ingest_upload(
    *, file: BinaryIO, file_name: str, collection: Collection, uploader: User, title: str = "", tags: Sequence[str] = ()
) -> Ingested:
    """Store a picture in a collection, or find the one of the same bytes in its team.

    Raises InvalidImage, CollectionGone or QuotaExceeded, with nothing stored.
    """
    info = inspect_picture(file, upload_limits())
    sha256 = checksum(file)
    if known := _same_bytes(collection, sha256, uploader):
        _ensure_file(known, file)
        return Ingested(image=known, created=False)
    image = Image(
        collection=collection,
        uploader=uploader,
        original_name=_plain_name(file_name),
        title=title[:200],
        tags=list(tags),
        sha256=sha256,
        byte_size=file.seek(0, 2),
        format=info.format,
        width=info.width,
        height=info.height,
        taken_at=_aware(info.taken_at),
    )
    file.seek(0)
    ingested = _store(image, file, info)
    return replace(ingested, elsewhere=_elsewhere(ingested.image, uploader)) if ingested.created else ingested


def _store(image: Image, file: BinaryIO, info: PictureInfo) -> Ingested:
    """The file first, then the row: a row without its file must never be seen; a file without its row is removed.

    By the worker's housekeeping, where a process dies between the two: the note made here tells it of the file.
    """
    image.file.name = storage_name(image, f"x{info.extension}")
    PendingFile.objects.create(file_name=image.file_name)
    try:
        default_storage.save(image.file_name, File(file))
        ingested = _save_once(image)
    except BaseException:
        _discard(image.file_name)
        raise
    if not ingested.created:
        _discard(image.file_name)
    return ingested


def _discard(name: str) -> None:
    """What interrupted us may have come right after the row was committed: then the file stays."""
    if not Image.objects.filter(file=name).exists():
        default_storage.delete(name)
        PendingFile.objects.filter(file_name=name).delete()


def _ensure_file(known: Image, file: BinaryIO) -> None:
    """Where the stored file of a known picture is lost, the same bytes have just come in: they take its place."""
    if default_storage.exists(known.file_name):
        return
    file.seek(0)
    stored = default_storage.save(known.file_name, File(file))
    if stored != known.file_name:  # another upload was first
        default_storage.delete(stored)
    retry_indexing(images=Image.objects.filter(pk=known.pk))


@transaction.atomic
def _save_once(image: Image) -> Ingested:
    """Two uploads of the same bytes at once: the lock on the team makes the second one see the first."""
    there = Collection.objects.not_trashed().filter(pk=image.collection_id)
    team = Team.objects.select_for_update().filter(pk__in=there.values("team")).first()
    if team is None:
        raise CollectionGone(_("This collection was deleted meanwhile. Choose another one."))
    if known := _same_bytes(image.collection, image.sha256, image.uploader):
        return Ingested(image=known, created=False)
    ensure_room(team=team, byte_size=image.byte_size)
    image.save()
    PendingFile.objects.filter(file_name=image.file_name).delete()
    return Ingested(image=image, created=True)


def _same_bytes(collection: Collection, sha256: str, uploader: User | None) -> Image | None:
    """Only what the uploader may see: an editor by a share learns nothing of the team's other collections."""
    visible = Image.objects.visible_to(uploader) if uploader else Image.objects.not_trashed()
    return visible.with_collection().filter(collection__team=collection.team_id, sha256=sha256).first()


def _elsewhere(image: Image, uploader: User) -> Image | None:
    others = Image.objects.visible_to(uploader).same_bytes_as(image).with_collection()
    return others.exclude(collection__team=image.collection.team_id).first()


def _plain_name(file_name: str) -> str:
    """Return the last part of a name as a browser or a person may send it, fit to be shown and stored."""
    name = PurePath(file_name.replace("\\", "/")).name
    printable = "".join(character for character in name if character.isprintable())
    return printable.encode(errors="ignore").decode()[:255] or "picture"


def _aware(taken_at: datetime | None) -> datetime | None:
    """Cameras mostly write local time without a zone: it is read in the site's."""
    if taken_at and timezone.is_naive(taken_at):
        return timezone.make_aware(taken_at)
    return taken_at
