"""Uploads: a picture is stored once in a team, and what is refused leaves nothing behind."""

import io
import threading

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from collections_app.errors import CollectionGone, InvalidImage
from collections_app.models import Collection, Image, Share
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, picture_bytes, put_picture

pytestmark = pytest.mark.django_db(transaction=True)


def stored_files(folder: str = "") -> list[str]:
    """Asked of the storage itself, wherever it is."""
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    inner = [name for each in folders for name in stored_files(f"{folder}{each}/")]
    return [*(f"{folder}{name}" for name in names), *inner]


def test_the_same_bytes_in_a_team_are_the_same_picture(sample: SampleTeam) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)

    assert put_picture(other, sample.owner, "again.png", colour="red") == sample.image
    assert len(stored_files()) == 1


def test_the_same_bytes_in_another_team_are_another_picture(sample: SampleTeam) -> None:
    own = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)

    assert put_picture(own, sample.outsider, "rose.png", colour="red") != sample.image
    assert len(stored_files()) == 2


@pytest.mark.parametrize("content", [b"", b"no picture", picture_bytes()[:50]], ids=["empty", "text", "cut"])
def test_what_is_refused_stores_nothing(sample: SampleTeam, content: bytes) -> None:
    with pytest.raises(InvalidImage):
        ingest_upload(
            file=io.BytesIO(content), file_name="bad.png", collection=sample.collection, uploader=sample.owner
        )

    assert Image.objects.count() == len(stored_files()) == 1


def test_a_collection_deleted_meanwhile_stores_nothing(sample: SampleTeam) -> None:
    Collection.objects.all().delete()
    before = len(stored_files())

    with pytest.raises(CollectionGone):
        put_picture(sample.collection, sample.owner, "sky.png", colour="blue")

    assert len(stored_files()) == before


def test_the_file_name_is_shown_but_never_used(sample: SampleTeam) -> None:
    image = put_picture(sample.collection, sample.owner, "C:\\secret\\../../sky\x00.PNG", colour="blue")

    assert image.original_name == "sky.PNG"
    assert "sky" not in image.file_name


def test_two_uploads_of_the_same_bytes_at_once_make_one_picture(sample: SampleTeam) -> None:
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


def test_an_editor_by_share_learns_nothing_of_the_team_s_other_collections(sample: SampleTeam) -> None:
    shared = create_collection(team=sample.team, name="Shared", creator=sample.owner)
    Share.objects.create(collection=shared, user=sample.outsider, role="editor")

    image = put_picture(shared, sample.outsider, "mine.png", colour="red")

    assert image.pk != sample.image.pk
    assert image.collection == shared
