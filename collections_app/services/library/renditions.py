"""Renditions: smaller JPEGs of a picture, made once and stored beside the originals."""

import enum
import io
import logging
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from PIL.Image import Image as Picture

from collections_app.errors import StorageUnavailable
from collections_app.imaging import (
    THUMBNAIL_QUALITY,
    compute_longest_edge,
    compute_thumbnail_size,
    hold_picture,
    make_thumbnail,
)
from collections_app.models import Image

# Renditions of larger pictures are reduced to this size, which the memory budget allows.
MAX_PIXELS = 48_000_000
log = logging.getLogger(__name__)


class Rendition(enum.Enum):
    GRID = 480
    LARGE = 1600
    # The whole picture, for people who may not get the original. An edge of a JPEG has at most 65,535 pixels.
    FULL = 65_500

    @property
    def edge_px(self) -> int:
        return self.value

    @property
    def quality(self) -> int:
        return 93 if self is Rendition.FULL else THUMBNAIL_QUALITY


def build_rendition_name(file_name: str, rendition: Rendition) -> str:
    """Return the storage name: originals/ab/abc.png has its grid picture at renditions/ab/abc-480.jpg."""
    original = PurePosixPath(file_name)
    return f"renditions/{original.parent.name}/{original.stem}-{rendition.edge_px}.jpg"


def build_rendition_etag(image: Image, rendition: Rendition) -> str:
    """Return an ETag without the checksum of the original, which would identify the file to strangers."""
    return f'"{image.public_id}-{rendition.edge_px}"'


def compute_rendition_size(image: Image, rendition: Rendition) -> tuple[int, int]:
    """Return width and height in pixels, from the row alone."""
    edge_px = min(rendition.edge_px, compute_longest_edge(image.width, image.height, MAX_PIXELS))
    return compute_thumbnail_size(image.width, image.height, edge_px)


def has_rendition(*, image: Image, rendition: Rendition) -> bool:
    return bool(default_storage.exists(build_rendition_name(image.file_name, rendition)))


def store_rendition(*, image: Image, rendition: Rendition, picture: Picture) -> None:
    """Store a rendition of a decoded, perhaps reduced picture. An existing one stays. Uses no database."""
    _save_whole(build_rendition_name(image.file_name, rendition), _make_content(image, rendition, picture))


def ensure_rendition(*, image: Image, rendition: Rendition) -> None:
    """Make and store a rendition if it is missing. Uses no database.

    Raises InvalidImage if the picture cannot be decoded, FileNotFoundError if its file is missing, OSError or
    StorageUnavailable.
    """
    if has_rendition(image=image, rendition=rendition):
        return
    edge_px = max(compute_rendition_size(image, rendition))
    with (
        default_storage.open(image.file_name) as original,
        hold_picture(cast(BinaryIO, original), max_edge_px=edge_px) as picture,
    ):
        store_rendition(image=image, rendition=rendition, picture=picture)


def open_rendition(*, image: Image, rendition: Rendition) -> File[bytes]:
    """Open a rendition, and make it first if it is missing. If it cannot be stored, return it from memory.

    Raises InvalidImage if the picture cannot be decoded, FileNotFoundError if its file is missing, StorageUnavailable.
    """
    name = build_rendition_name(image.file_name, rendition)
    if not has_rendition(image=image, rendition=rendition):
        edge_px = max(compute_rendition_size(image, rendition))
        # The decoded picture counts in the memory budget until the rendition is stored.
        with (
            default_storage.open(image.file_name) as original,
            hold_picture(cast(BinaryIO, original), max_edge_px=edge_px) as picture,
        ):
            try:
                store_rendition(image=image, rendition=rendition, picture=picture)
            except (OSError, StorageUnavailable) as error:
                log.warning("A rendition of image %s could not be stored: %s", image.pk, error)
                return File(io.BytesIO(_make_content(image, rendition, picture)), name)
        if not Image.objects.filter(pk=image.pk).exists():  # deleted meanwhile, before this rendition existed
            default_storage.delete(name)
            raise FileNotFoundError(name)
    return default_storage.open(name)


def _make_content(image: Image, rendition: Rendition, picture: Picture) -> bytes:
    full_size = (image.width, image.height)
    size = compute_rendition_size(image, rendition)
    # Within the memory budget a picture may have been decoded smaller; it is never enlarged.
    is_smaller = picture.width < size[0] or picture.height < size[1]
    return make_thumbnail(
        picture, edge_px=max(size), full_size=None if is_smaller else full_size, quality=rendition.quality
    )


def _save_whole(name: str, content: bytes) -> None:
    """Save a temporary file, which the storage moves into place, so a reader never sees a partial file."""
    with TemporaryUploadedFile(PurePosixPath(name).name, "image/jpeg", len(content), None) as draft:
        draft.write(content)
        draft.seek(0)
        stored = default_storage.save(name, draft)
    if stored != name:  # another process was first
        default_storage.delete(stored)
