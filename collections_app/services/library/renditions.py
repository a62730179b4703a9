"""Smaller JPEGs of a picture: made once, kept in the storage beside the originals."""

import enum
import math
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from PIL.Image import Image as Picture

from collections_app.imaging import QUALITY, make_thumbnail, open_picture, reserve_pixels, thumbnail_size
from collections_app.models import Image


class Rendition(enum.Enum):
    GRID = 480
    LARGE = 1600
    # The whole picture for those who may not have the original; a JPEG's edges end at 65,535 pixels.
    FULL = 65_500

    @property
    def edge_px(self) -> int:
        return self.value

    @property
    def quality(self) -> int:
        return 93 if self is Rendition.FULL else QUALITY


def rendition_name(file_name: str, rendition: Rendition) -> str:
    """Return the storage name: originals/ab/abc.png has its grid picture at renditions/ab/abc-480.jpg."""
    original = PurePosixPath(file_name)
    return f"renditions/{original.parent.name}/{original.stem}-{rendition.edge_px}.jpg"


def rendition_size(image: Image, rendition: Rendition) -> tuple[int, int]:
    """Return width and height in pixels, known without opening a file."""
    return thumbnail_size(image.width, image.height, rendition.edge_px)


def store_rendition(*, image: Image, rendition: Rendition, picture: Picture) -> None:
    """Make and keep a rendition of a decoded, perhaps reduced picture, unless it is there. Asks no database."""
    name = rendition_name(image.file_name, rendition)
    if not default_storage.exists(name):
        full_size = (image.width, image.height)
        _save_whole(
            name, make_thumbnail(picture, edge_px=rendition.edge_px, full_size=full_size, quality=rendition.quality)
        )


def open_rendition(*, image: Image, rendition: Rendition) -> File[bytes]:
    """Open a rendition, made on first use if the worker has not been there yet.

    Raises InvalidImage if the picture cannot be decoded, FileNotFoundError if its file is gone.
    """
    name = rendition_name(image.file_name, rendition)
    if not default_storage.exists(name):
        with reserve_pixels(
            math.prod(rendition_size(image, rendition))
        ):  # a whole picture stays large until it is stored
            with default_storage.open(image.file_name) as original:
                picture = open_picture(cast(BinaryIO, original), max_edge_px=rendition.edge_px)
            store_rendition(image=image, rendition=rendition, picture=picture)
        if not Image.objects.filter(pk=image.pk).exists():  # deleted meanwhile, with all that was stored by then
            default_storage.delete(name)
            raise FileNotFoundError(name)
    return default_storage.open(name)


def _save_whole(name: str, content: bytes) -> None:
    """The storage moves a temporary file into place: nobody ever sees half of it, not even after a kill."""
    with TemporaryUploadedFile(PurePosixPath(name).name, "image/jpeg", len(content), None) as draft:
        draft.write(content)
        draft.seek(0)
        stored = default_storage.save(name, draft)
    if stored != name:  # another process was first
        default_storage.delete(stored)
