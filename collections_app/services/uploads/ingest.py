"""Ingesting an upload: check the file, store it, and write its row. The worker runs the model later."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from collections_app.errors import CollectionDeleted
from collections_app.errors import gettext_noop as _
from collections_app.imaging import Limits, PictureInfo, check_byte_size, inspect_picture, read_date_in_name
from collections_app.models import Collection, Image, PendingFile, Team, User
from collections_app.models.image import build_storage_name
from collections_app.services.library.dates import build_date_fields
from collections_app.services.library.files import clean_file_name
from collections_app.services.library.images import requeue_failed_images
from collections_app.services.library.quotas import check_quota

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """`created` is False if the team already has the same bytes; `image` is then that picture.

    `copy_in_other_team` is a picture with the same bytes that the uploader may see in another team.
    """

    image: Image
    created: bool
    copy_in_other_team: Image | None = None


def get_upload_limits() -> Limits:
    return Limits(
        max_bytes=settings.MAX_UPLOAD_MB * 2**20,
        max_pixels=settings.MAX_MEGAPIXELS * 10**6,
        max_jpeg_pixels=settings.MAX_JPEG_MEGAPIXELS * 10**6,
        max_frames=settings.MAX_FRAMES,
    )


def compute_sha256(file: BinaryIO) -> str:
    """Return the SHA-256 of the whole file in hexadecimal. The file is left at 0."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def ingest_upload(
    *,
    file: BinaryIO,
    file_name: str,
    collection: Collection,
    uploader: User,
    title: str = "",
    tags: Sequence[str] = (),
    accepts_copy: bool = False,
) -> IngestResult:
    """Store a picture in a collection, or find the one with the same bytes in its team unless `accepts_copy`.

    Raises InvalidImage, CollectionDeleted or QuotaExceeded, with nothing stored.
    """
    byte_size = file.seek(0, 2)
    check_byte_size(byte_size, get_upload_limits())
    sha256 = compute_sha256(file)
    existing = None if accepts_copy else _find_same_bytes(collection, sha256, uploader)
    if existing:
        _ensure_file(existing, file)
        return IngestResult(image=existing, created=False)
    if byte_size:
        team = Team.objects.get(pk=collection.team_id)
        check_quota(team=team, byte_size=byte_size)  # before decoding; again when the row is saved
    info = inspect_picture(file, get_upload_limits())
    image = Image(
        collection=collection,
        uploader=uploader,
        original_name=clean_file_name(file_name),
        title=title[:200],
        tags=list(tags),
        sha256=sha256,
        byte_size=byte_size,
        format=info.format,
        width=info.width,
        height=info.height,
        processing=info.processing,
        camera=info.camera,
        **build_date_fields(info.taken or read_date_in_name(file_name)),
    )
    file.seek(0)
    ingested = _store(image, file, info, accepts_copy=accepts_copy)
    if not ingested.created:
        return ingested
    return replace(ingested, copy_in_other_team=_find_copy_in_other_team(ingested.image, uploader))


def _store(image: Image, file: BinaryIO, info: PictureInfo, *, accepts_copy: bool) -> IngestResult:
    """Save the file, then the row, so that no row is ever without its file.

    If the process dies in between, maintenance finds the file by its PendingFile and deletes it.
    """
    image.file.name = build_storage_name(image, f"x{info.extension}")
    PendingFile.objects.create(file_name=image.file_name)
    try:
        default_storage.save(image.file_name, File(file))
        ingested = _save_once(image, accepts_copy=accepts_copy)
    except BaseException:
        _discard(image.file_name)
        raise
    if not ingested.created:
        _discard(image.file_name)
    return ingested


def _discard(name: str) -> None:
    """Delete a stored file, unless the interruption came after the row was committed."""
    if not Image.objects.filter(file=name).exists():
        default_storage.delete(name)
        PendingFile.objects.filter(file_name=name).delete()


def _ensure_file(existing: Image, file: BinaryIO) -> None:
    """Store the uploaded bytes again if the stored file of the existing picture is missing."""
    if default_storage.exists(existing.file_name):
        return
    file.seek(0)
    stored = default_storage.save(existing.file_name, File(file))
    if stored != existing.file_name:  # another upload was first
        default_storage.delete(stored)
    requeue_failed_images(images=Image.objects.filter(pk=existing.pk))


@transaction.atomic
def _save_once(image: Image, *, accepts_copy: bool) -> IngestResult:
    """Save the row under a lock on the team, so the second of two simultaneous uploads finds the first."""
    collection = Collection.objects.not_trashed().filter(pk=image.collection_id)
    team = Team.objects.select_for_update().filter(pk__in=collection.values("team")).first()
    if team is None:
        raise CollectionDeleted(_("This collection was deleted. Select another one."))
    existing = None if accepts_copy else _find_same_bytes(image.collection, image.sha256, image.uploader)
    if existing:
        return IngestResult(image=existing, created=False)
    check_quota(team=team, byte_size=image.byte_size)
    image.save()
    PendingFile.objects.filter(file_name=image.file_name).delete()
    return IngestResult(image=image, created=True)


def _find_same_bytes(collection: Collection, sha256: str, uploader: User | None) -> Image | None:
    """Search only what the uploader may see, so that an editor by a share learns nothing about other collections."""
    visible = Image.objects.visible_to(uploader) if uploader else Image.objects.not_trashed()
    return visible.with_collection().filter(collection__team=collection.team_id, sha256=sha256).first()


def _find_copy_in_other_team(image: Image, uploader: User) -> Image | None:
    others = Image.objects.visible_to(uploader).same_bytes_as(image).with_collection()
    return others.exclude(collection__team=image.collection.team_id).first()
