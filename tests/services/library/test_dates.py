"""Changed dates: set, shifted, cleared and restored; and dates that are read from files again."""

from datetime import datetime, timedelta
from typing import BinaryIO, cast

import pytest
from django.core.management import CommandError, call_command

from collections_app.imaging import TakenDate
from collections_app.models import Image, IndexJob
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.dates import DateChange, change_dates, restore_dates
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, put_pictures
from tests.services.indexing.agreement import assert_index_agrees
from tests.taken_pictures import TOKYO, put_dated_picture

pytestmark = pytest.mark.django_db(transaction=True)

DAY = DateChange(taken=TakenDate(value=datetime(1985, 7, 1), has_time=False))


def read_date(image: Image) -> tuple[datetime | None, int | None, bool | None]:
    image.refresh_from_db()
    return image.taken_at, image.taken_offset_minutes, image.has_taken_time


@pytest.fixture
def tokyo(sample: SampleTeam) -> Image:
    return put_dated_picture(sample.collection, sample.owner, **TOKYO)


def test_upload_keeps_the_local_time_and_the_offset(tokyo: Image) -> None:
    assert read_date(tokyo) == (datetime(2025, 1, 1, 0, 30), 540, True)


def test_upload_without_metadata_reads_the_name_of_the_file(sample: SampleTeam) -> None:
    image = put_dated_picture(sample.collection, sample.owner, "0000:00:00 00:00:00", name="IMG-20200102-WA0001.jpg")
    assert read_date(image) == (datetime(2020, 1, 2), None, False)


def test_same_bytes_again_do_not_replace_an_edited_date(tokyo: Image, sample: SampleTeam) -> None:
    change_dates(images=Image.objects.filter(pk=tokyo.pk), change=DAY)
    with tokyo.file.open("rb") as file:
        again = ingest_upload(
            file=cast(BinaryIO, file), file_name="again.jpg", collection=sample.collection, uploader=sample.owner
        )
    assert again.image == tokyo
    assert read_date(tokyo) == (datetime(1985, 7, 1), None, False)


@pytest.mark.parametrize(
    "change",
    [DAY, DateChange(), DateChange(shift=timedelta(hours=-5, minutes=-15)), DateChange(shift=timedelta(days=40))],
    ids=["set", "clear", "shift the clock", "shift days"],
)
def test_every_change_reaches_the_index_without_encoding_and_is_undone(
    change: DateChange, tokyo: Image, sample: SampleTeam
) -> None:
    IndexWorker().drain()
    for image in Image.objects.all():
        image.file.storage.delete(image.file_name)  # nothing can be encoded again
    before = {image.pk: read_date(image) for image in Image.objects.all()}

    previous = change_dates(images=Image.objects.all(), change=change)
    assert read_date(tokyo) != before[tokyo.pk]
    IndexWorker().drain()
    assert_index_agrees()

    assert restore_dates(images=Image.objects.all(), previous=previous) == len(previous)
    assert {image.pk: read_date(image) for image in Image.objects.all()} == before
    assert set(Image.objects.values_list("date_edited_at", flat=True)) == {None}
    IndexWorker().drain()
    assert_index_agrees()
    assert not IndexJob.objects.exists()


def test_shift_moves_each_date_and_skips_what_has_none(tokyo: Image, sample: SampleTeam) -> None:
    other = put_dated_picture(sample.collection, sample.owner, "2012:02:29 23:00:00.5")
    day = put_dated_picture(sample.collection, sample.owner, "2020:01:02")
    shift = DateChange(shift=timedelta(days=1, hours=2))

    previous = change_dates(images=Image.objects.all(), change=shift)

    assert set(previous) == {tokyo.pk, other.pk, day.pk}
    assert read_date(tokyo) == (datetime(2025, 1, 2, 2, 30), None, True)
    assert read_date(other) == (datetime(2012, 3, 2, 1, 0, 0, 500_000), None, True)
    assert read_date(day) == (datetime(2020, 1, 3), None, False)
    assert read_date(sample.image)[0] is None


def test_shift_by_days_keeps_the_offset(tokyo: Image) -> None:
    change_dates(images=Image.objects.all(), change=DateChange(shift=timedelta(days=-1)))
    assert read_date(tokyo) == (datetime(2024, 12, 31, 0, 30), 540, True)


@pytest.mark.parametrize("days", [-100_000, 100_000])
def test_shift_to_an_impossible_date_is_skipped(days: int, tokyo: Image) -> None:
    assert change_dates(images=Image.objects.all(), change=DateChange(shift=timedelta(days=days))) == {}
    assert read_date(tokyo)[0] == datetime(2025, 1, 1, 0, 30)


def test_dates_are_read_again_where_nobody_edited_them(tokyo: Image, sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    edited = put_dated_picture(sample.collection, sample.owner, "2012:02:29 23:00:00")
    change_dates(images=Image.objects.filter(pk=edited.pk), change=DAY)
    old = {"taken_at": datetime(2024, 12, 31, 15, 30), "taken_offset_minutes": None, "has_taken_time": True}
    Image.objects.filter(pk=tokyo.pk).update(**old)
    IndexWorker().drain()

    call_command("read_dates")

    assert read_date(tokyo) == (datetime(2025, 1, 1, 0, 30), 540, True)
    assert read_date(edited) == (datetime(1985, 7, 1), None, False)
    assert list(IndexJob.objects.values_list("image_id", flat=True)) == [tokyo.pk]
    IndexWorker().drain()
    assert_index_agrees()


def test_unreadable_files_keep_their_date_and_are_named(tokyo: Image, sample: SampleTeam) -> None:
    tokyo.file.storage.delete(tokyo.file_name)
    with pytest.raises(CommandError, match=f"1 files could not be read.*{tokyo.pk}"):
        call_command("read_dates")
    assert read_date(tokyo)[0] == datetime(2025, 1, 1, 0, 30)


def test_reading_continues_after_a_picture(tokyo: Image) -> None:
    later = put_dated_picture(tokyo.collection, tokyo.uploader, "2012:02:29 23:00:00")  # type: ignore[arg-type]
    Image.objects.update(taken_at=None, has_taken_time=None, taken_offset_minutes=None)
    call_command("read_dates", after=tokyo.pk)
    assert read_date(tokyo)[0] is None
    assert read_date(later)[0] == datetime(2012, 2, 29, 23)
