"""ZIP downloads: entries have the dates of their pictures and names that every file system can store."""

import io
import unicodedata
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from collections_app.models import Image
from collections_app.services.library.files import build_download_name
from collections_app.services.library.zip_download import CHECKED_TOGETHER, stream_zip
from tests.sample_team import SampleTeam, put_picture


def read_zip(chunks: Iterable[bytes]) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(chunks)))
    assert archive.testzip() is None
    return archive


@pytest.mark.parametrize(
    ("taken_at", "expected"),
    [
        (datetime(2014, 7, 1, 12, 30, 10), (2014, 7, 1, 12, 30, 10)),
        (datetime(1901, 5, 1), (1980, 1, 1, 0, 0, 0)),
        (datetime(2300, 5, 1), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_entries_have_the_date_on_which_the_picture_was_taken(
    sample: SampleTeam, settings: Settings, taken_at: datetime, expected: tuple[int, ...]
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    Image.objects.filter(pk=sample.image.pk).update(taken_at=taken_at)
    with timezone.override("Europe/Berlin"):
        (entry,) = read_zip(stream_zip(image_ids=[sample.image.pk], user=sample.owner)).infolist()
    assert entry.date_time == expected


def test_entry_of_a_picture_without_a_date_has_the_date_on_which_it_was_added(sample: SampleTeam) -> None:
    Image.objects.filter(pk=sample.image.pk).update(created_at=datetime(2015, 3, 4, 5, 6, 8, tzinfo=UTC))
    (entry,) = read_zip(stream_zip(image_ids=[sample.image.pk], user=sample.owner)).infolist()
    assert entry.date_time == (2015, 3, 4, 5, 6, 8)


@pytest.mark.parametrize(
    "name",
    [
        *("CON.jpg", "aux.tar.gz", "com1.png", 'a<b>:c"|?*.jpg', "trailing dots...", "京" * 200 + ".jpg"),
        *("я" * 250 + ".jpeg", "😀" * 100 + ".png", "Cafe\u0301.jpg", "...jpg", "x" * 255, "a." + "b" * 250, "   "),
    ],
)
@pytest.mark.parametrize("number", [1, 12])
def test_names_fit_file_systems(name: str, number: int) -> None:
    built = build_download_name(name, number=number)
    assert 0 < len(built.encode()) <= 255
    assert not set(built) & set('<>:"/\\|?*\0')
    assert built == unicodedata.normalize("NFC", built)
    assert built == built.rstrip(" .")
    assert built.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


def test_a_cut_name_keeps_its_suffix() -> None:
    assert build_download_name("я" * 250 + ".jpeg").endswith("я.jpeg")
    assert build_download_name("я" * 250 + ".heic", suffix=".jpg").endswith("я.jpg")


def test_statements_of_a_zip_do_not_depend_on_its_pictures(sample: SampleTeam) -> None:
    """All pictures have the same file."""
    facts = {name: getattr(sample.image, name) for name in ("collection", "file", "sha256", "byte_size", "format")}
    ids = [
        Image.objects.create(**facts, original_name=f"{number}.png", width=10, height=10).pk
        for number in range(CHECKED_TOGETHER)
    ]
    counts = []
    for size in (1, CHECKED_TOGETHER):
        with CaptureQueriesContext(connection) as queries:
            entries = read_zip(stream_zip(image_ids=ids[:size], user=sample.viewer)).namelist()
        assert len(entries) == size
        counts.append(len(queries))
    assert counts[1] <= counts[0] * 4  # a slow test takes some seconds, and access is checked every second


def test_names_in_a_zip_are_distinct_also_where_case_is_ignored(sample: SampleTeam) -> None:
    names = ["A.png", "a.PNG", "Cafe\u0301.png", "Café.png", "я" * 200 + "1.png", "я" * 200 + "2.png", "a (2).PNG"]
    images = [put_picture(sample.collection, sample.owner, name, (number, 3, 3)) for number, name in enumerate(names)]
    found = read_zip(stream_zip(image_ids=[image.pk for image in images], user=sample.owner)).namelist()
    assert len({unicodedata.normalize("NFC", name).casefold() for name in found}) == len(names)


def test_a_zip_of_many_pictures_with_one_name_numbers_them(sample: SampleTeam) -> None:
    images = [put_picture(sample.collection, sample.owner, "image.jpg", (number, 3, 3)) for number in range(4)]
    found = read_zip(stream_zip(image_ids=[image.pk for image in images], user=sample.owner)).namelist()
    assert found == ["image.jpg", "image (2).jpg", "image (3).jpg", "image (4).jpg"]
