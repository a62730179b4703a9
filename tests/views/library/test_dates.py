"""Dates on the pages: shown as local times, edited for one picture and for many, and undone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from collections_app.models import Image
from tests.sample_team import SampleTeam, put_picture
from tests.taken_pictures import PLAIN, TOKYO, put_dated_picture


def date_of(image: Image) -> datetime | None:
    image.refresh_from_db()
    taken_at: datetime | None = image.taken_at
    return taken_at


def page_of(client: Client, image: Image) -> str:
    return " ".join(client.get(f"/images/{image.pk}/").content.decode().split())


@pytest.fixture
def tokyo(sample: SampleTeam) -> Image:
    return put_dated_picture(sample.collection, sample.owner, **TOKYO)


@pytest.fixture
def plain(sample: SampleTeam) -> Image:
    return put_dated_picture(sample.collection, sample.owner, **PLAIN)


def test_page_shows_the_local_day_at_the_place(as_viewer: Client, tokyo: Image, plain: Image) -> None:
    assert "1 January 2025, 00:30 (UTC+09:00)" in page_of(as_viewer, tokyo)
    assert "<dd>31 December 2024, 23:50</dd>" in page_of(as_viewer, plain)


def test_page_shows_no_time_that_is_unknown(as_viewer: Client, sample: SampleTeam) -> None:
    image = put_dated_picture(sample.collection, sample.owner, "", name="IMG-20200102-WA0001.jpg")
    assert "<dd>2 January 2020</dd>" in page_of(as_viewer, image)


def test_date_of_one_picture_is_edited_and_cleared(as_owner: Client, tokyo: Image) -> None:
    address = f"/images/{tokyo.pk}/edit/"
    as_owner.post(address, {"title": "", "tags": "", "taken_on": "1985-07-01", "taken_time": "12:30"})
    assert "<dd>1 July 1985, 12:30</dd>" in page_of(as_owner, tokyo)
    as_owner.post(address, {"title": "", "tags": "", "taken_on": "01.07.1985", "taken_time": ""})
    assert "<dd>1 July 1985</dd>" in page_of(as_owner, tokyo)
    as_owner.post(address, {"title": "", "tags": "", "taken_on": "", "taken_time": ""})
    assert date_of(tokyo) is None


def test_form_that_is_sent_unchanged_changes_no_date(as_owner: Client, sample: SampleTeam) -> None:
    image = put_dated_picture(sample.collection, sample.owner, "2020:01:02 03:04:05.25+09:00")
    page = as_owner.get(f"/images/{image.pk}/edit/").content.decode()
    assert 'value="2020-01-02"' in page
    assert 'value="03:04:05"' in page
    form = {"title": "New", "tags": "", "taken_on": "2020-01-02", "taken_time": "03:04:05"}
    as_owner.post(f"/images/{image.pk}/edit/", form)
    assert date_of(image) == datetime(2020, 1, 2, 3, 4, 5, 250_000)
    assert (image.title, image.taken_offset_minutes, image.date_edited_at) == ("New", 540, None)


TOMORROW_WEEK = (datetime.now(UTC) + timedelta(days=8)).date().isoformat()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"taken_on": "1825-12-31"}, "Enter a date from 1826 until today."),
        ({"taken_on": TOMORROW_WEEK}, "Enter a date from 1826 until today."),
        ({"taken_on": "2024-02-30"}, "isn&#x27;t a date"),
        ({"taken_on": "2024"}, "isn&#x27;t a full date"),
        ({"taken_on": "05/06/2024"}, "can mean two dates"),
        ({"taken_on": "", "taken_time": "12:30"}, "Enter a date too, or clear the time."),
        ({"taken_on": "2024-02-03", "taken_time": "25:00"}, "Enter a valid time."),
        ({"taken_on": "9" * 300}, "at most 40 characters"),
    ],
)
def test_impossible_dates_are_refused_with_a_sentence(
    fields: dict[str, str], sentence: str, as_owner: Client, tokyo: Image
) -> None:
    answer = as_owner.post(f"/images/{tokyo.pk}/edit/", {"title": "", "tags": "", **fields})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert date_of(tokyo) == datetime(2025, 1, 1, 0, 30)


def test_date_of_many_is_set_and_undone(as_owner: Client, tokyo: Image, plain: Image, sample: SampleTeam) -> None:
    form = {"image": [tokyo.pk, plain.pk], "taken_on": "1985-07-01", "collection": sample.collection.pk}
    page = as_owner.post("/pictures/date/", form, follow=True).content.decode()
    assert "Dates of 2 pictures changed." in page
    assert {date_of(tokyo), date_of(plain)} == {datetime(1985, 7, 1)}
    page = as_owner.post("/pictures/undo/", follow=True).content.decode()
    assert "Former dates of 2 pictures restored." in page
    assert (date_of(tokyo), date_of(plain)) == (datetime(2025, 1, 1, 0, 30), datetime(2024, 12, 31, 23, 50))
    assert (tokyo.taken_offset_minutes, plain.taken_offset_minutes) == (540, None)


def test_wrong_clock_is_corrected_for_a_whole_collection(
    as_owner: Client, tokyo: Image, plain: Image, sample: SampleTeam
) -> None:
    form = {"all": "1", "collection": sample.collection.pk, "days": "-1", "hours": "2", "minutes": ""}
    page = as_owner.post("/pictures/date/shift/", form, follow=True).content.decode()
    assert "Dates of 2 pictures changed." in page
    assert "1 picture skipped: its date or time is unknown" in page
    assert (date_of(tokyo), date_of(plain)) == (datetime(2024, 12, 31, 2, 30), datetime(2024, 12, 31, 1, 50))


def test_view_only_pictures_keep_their_date(as_viewer: Client, tokyo: Image) -> None:
    for address, fields in (("date/", {"taken_on": "1985-07-01"}), ("date/shift/", {"days": "1"})):
        page = as_viewer.post(f"/pictures/{address}", {"image": tokyo.pk, **fields}, follow=True).content.decode()
        assert "1 picture skipped" in page
    assert date_of(tokyo) == datetime(2025, 1, 1, 0, 30)


@pytest.mark.parametrize(
    ("address", "fields", "sentence"),
    [
        ("date/", {}, "This field is required."),
        ("date/", {"taken_on": "05/06/2024"}, "can mean two dates"),
        ("date/", {"taken_on": "2024-05-06", "taken_time": "noon"}, "Enter a valid time."),
        ("date/shift/", {}, "Enter how many days, hours or minutes"),
        ("date/shift/", {"days": "0", "hours": "0"}, "Enter how many days, hours or minutes"),
        ("date/shift/", {"days": "1", "hours": "two"}, "Enter whole numbers"),
        ("date/shift/", {"days": "9" * 30}, "Enter whole numbers"),
    ],
)
def test_misunderstood_form_changes_nothing_and_says_why(
    address: str, fields: dict[str, str], sentence: str, as_owner: Client, tokyo: Image, sample: SampleTeam
) -> None:
    form = {"all": "1", "collection": sample.collection.pk, **fields}
    assert sentence in as_owner.post(f"/pictures/{address}", form, follow=True).content.decode()
    assert date_of(tokyo) == datetime(2025, 1, 1, 0, 30)


def test_duplicates_show_the_local_day(as_owner: Client, tokyo: Image, sample: SampleTeam) -> None:
    put_picture(sample.collection, sample.owner, "blue.png")
    Image.objects.exclude(pk=tokyo.pk).update(sha256=tokyo.sha256)
    page = as_owner.get(f"/teams/{sample.team.pk}/duplicates/").content.decode()
    assert "1 January 2025" in page
