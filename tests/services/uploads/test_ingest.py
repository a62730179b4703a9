"""Ingesting: a picture is stored once in a team, and a refused file stores nothing."""

import hashlib
import io
import threading
from datetime import datetime

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from PIL import ExifTags
from PIL import Image as Pillow

from collections_app.errors import CollectionDeleted, InvalidImage
from collections_app.models import Collection, Image, Share
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import compute_sha256, ingest_upload
from tests.sample_team import SampleTeam, picture_bytes, put_picture

pytestmark = pytest.mark.django_db(transaction=True)


def stored_files(folder: str = "") -> list[str]:
    """Return the names of all files in the storage."""
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    inner = [name for each in folders for name in stored_files(f"{folder}{each}/")]
    return [*(f"{folder}{name}" for name in names), *inner]


def test_checksum_is_the_sha256_of_the_whole_file_from_any_position() -> None:
    data = bytes(range(256)) * 10_000
    file = io.BytesIO(data)
    file.seek(77)

    assert compute_sha256(file) == hashlib.sha256(data).hexdigest()
    assert file.tell() == 0


def test_the_same_bytes_in_a_team_are_the_same_picture(sample: SampleTeam) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)

    assert put_picture(other, sample.owner, "again.png", colour="red") == sample.image
    assert len(stored_files()) == 1


def test_the_same_bytes_in_another_team_are_another_picture(sample: SampleTeam) -> None:
    own = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)

    assert put_picture(own, sample.outsider, "rose.png", colour="red") != sample.image
    assert len(stored_files()) == 2


@pytest.mark.parametrize("content", [b"", b"no picture", picture_bytes()[:50]], ids=["empty", "text", "cut"])
def test_refused_upload_stores_nothing(sample: SampleTeam, content: bytes) -> None:
    with pytest.raises(InvalidImage):
        ingest_upload(
            file=io.BytesIO(content), file_name="bad.png", collection=sample.collection, uploader=sample.owner
        )

    assert Image.objects.count() == len(stored_files()) == 1


def test_upload_to_a_deleted_collection_stores_nothing(sample: SampleTeam) -> None:
    Collection.objects.all().delete()
    before = len(stored_files())

    with pytest.raises(CollectionDeleted):
        put_picture(sample.collection, sample.owner, "sky.png", colour="blue")

    assert len(stored_files()) == before


def test_the_file_name_is_shown_but_never_used(sample: SampleTeam) -> None:
    image = put_picture(sample.collection, sample.owner, "C:\\secret\\../../sky\x00.PNG", colour="blue")

    assert image.original_name == "sky.PNG"
    assert "sky" not in image.file_name


def test_date_without_offset_is_the_local_time_at_the_place(sample: SampleTeam) -> None:
    exif = Pillow.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2021:02:03 04:05:06"
    file = io.BytesIO()
    Pillow.new("RGB", (4, 4)).save(file, "JPEG", exif=exif)

    image = ingest_upload(file=file, file_name="a.jpg", collection=sample.collection, uploader=sample.owner).image

    image.refresh_from_db()
    assert image.taken_at == datetime(2021, 2, 3, 4, 5, 6)
    assert image.taken_offset_minutes is None


def test_concurrent_uploads_of_the_same_bytes_create_one_picture(sample: SampleTeam) -> None:
    start = threading.Barrier(2)

    def upload() -> None:
        start.wait()
        try:
            put_picture(sample.collection, sample.owner, "sky.png", colour="blue")
        finally:
            connection.close()

    threads = [threading.Thread(target=upload) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Image.objects.count() == len(stored_files()) == 2


def test_editor_by_share_learns_nothing_about_other_collections(sample: SampleTeam) -> None:
    shared = create_collection(team=sample.team, name="Shared", creator=sample.owner)
    Share.objects.create(collection=shared, user=sample.outsider, role="editor")

    image = put_picture(shared, sample.outsider, "mine.png", colour="red")

    assert image.pk != sample.image.pk
    assert image.collection == shared
