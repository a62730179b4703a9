"""Pictures with a date, for tests."""

import io

from PIL import ExifTags
from PIL import Image as Pillow

from collections_app.models import Collection, Image, User
from collections_app.services.uploads.ingest import ingest_upload

TOKYO = {"moment": "2025:01:01 00:30:00", "offset": "+09:00"}
PLAIN = {"moment": "2024:12:31 23:50:00"}


def dated_jpeg(moment: str, offset: str = "", colour: tuple[int, int, int] = (200, 30, 30)) -> io.BytesIO:
    """Return a JPEG with this DateTimeOriginal and OffsetTimeOriginal."""
    exif = Pillow.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = moment
    if offset:
        details[ExifTags.Base.OffsetTimeOriginal] = offset
    file = io.BytesIO()
    Pillow.new("RGB", (60, 40), colour).save(file, "JPEG", exif=exif)
    file.seek(0)
    return file


def put_dated_picture(
    collection: Collection, uploader: User, moment: str, offset: str = "", *, name: str = "dated.jpg"
) -> Image:
    colour = (Image.objects.count() * 7 % 256, 30, 200)
    file = dated_jpeg(moment, offset, colour)
    return ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader).image
