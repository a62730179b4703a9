"""Searches by the date when a picture was taken: local time at the place, in rows and in the index."""

from datetime import UTC, datetime

import pytest
from django.utils import translation
from pytest_django import Settings

from collections_app.models import Image
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from tests.sample_team import SampleTeam, sign_in_client
from tests.searches import find_ids
from tests.services.indexing.agreement import assert_index_agrees
from tests.taken_pictures import PLAIN, TOKYO, put_dated_picture

pytestmark = pytest.mark.django_db(transaction=True)

Dated = dict[str, int]


@pytest.fixture(params=["UTC", "America/New_York", "Pacific/Auckland"])
def dated(request: pytest.FixtureRequest, sample: SampleTeam, settings: Settings) -> Dated:
    """The sample's picture has no date; the index holds all of them."""
    settings.TIME_ZONE = request.param
    ids = {
        "tokyo": put_dated_picture(sample.collection, sample.owner, **TOKYO).pk,
        "plain": put_dated_picture(sample.collection, sample.owner, **PLAIN).pk,
        "zero": put_dated_picture(sample.collection, sample.owner, "1970:01:01 00:00:00").pk,
        "old": put_dated_picture(sample.collection, sample.owner, "1969:07:20 20:17:40").pk,
        "first": put_dated_picture(sample.collection, sample.owner, "1970:01:01", name="first.jpg").pk,
        "none": sample.image.pk,
    }
    Image.objects.filter(pk=ids["first"]).update(taken_at=datetime(1970, 1, 1, tzinfo=UTC))
    IndexWorker().drain()
    return ids


def expect(dated: Dated, sample: SampleTeam, filters: str, *names: str) -> None:
    """The filters find these pictures, in the rows and, with words, in the index."""
    wanted = sorted(dated[name] for name in names)
    assert sorted(find_ids(sample.viewer, filters)) == wanted, f"rows: {filters}"
    assert sorted(find_ids(sample.viewer, f"red {filters}")) == wanted, f"index: {filters}"


def test_filters_use_the_local_day_at_the_place(dated: Dated, sample: SampleTeam) -> None:
    expect(dated, sample, "after:2025-01-01", "tokyo")
    expect(dated, sample, "after:2024-12-31 before:2025-01-01", "plain")
    expect(dated, sample, "date:2025-01-01", "tokyo")
    expect(dated, sample, "date:2024", "plain")
    expect(dated, sample, "date:2024-12..2025-01", "plain", "tokyo")
    expect(dated, sample, "date:1969 date:2025", "old", "tokyo")
    expect(dated, sample, "before:1970", "old")
    expect(dated, sample, "date:1970", "first")
    expect(dated, sample, "date:1970-01-01", "first")
    expect(dated, sample, "date:..1970", "old", "first")
    assert_index_agrees()


def test_newest_first_uses_the_local_time(dated: Dated, sample: SampleTeam) -> None:
    found = find_ids(sample.viewer, "red after:1960 sort:date")
    assert found[:4] == [dated[name] for name in ("tokyo", "plain", "first", "old")]


def test_filters_alone_are_sorted_by_date_too(dated: Dated, sample: SampleTeam) -> None:
    newest = put_dated_picture(sample.collection, sample.owner, "1950:01:01 00:00:01").pk
    assert find_ids(sample.viewer, "after:1940")[0] == newest
    found = find_ids(sample.viewer, "after:1940 sort:date")
    assert found == [*(dated[name] for name in ("tokyo", "plain", "first", "old")), newest]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_dates_are_read_as_languages_write_them(language: str, sample: SampleTeam) -> None:
    tokyo = put_dated_picture(sample.collection, sample.owner, **TOKYO).pk
    put_dated_picture(sample.collection, sample.owner, **PLAIN)
    with translation.override(language):
        for text in (
            "01.01.2025",
            "1.1.25",
            "01.2025",
            "2025/01/01",
            "1/1/2025",
            '"1 January 2025"',
            '"1 января 2025"',
        ):
            assert find_ids(sample.viewer, f"after:{text}") == [tokyo], text
            assert find_ids(sample.viewer, f"date:{text}") == [tokyo], text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("05/06/2025", "can mean two dates. Write 2025-05-06 or 2025-06-05."),
        ("31.13.2024", "isn't a date"),
        ("yesterday", "isn't a date"),
        ("99999", "isn't a date"),
    ],
)
def test_unclear_date_is_named_with_what_to_write(value: str, sentence: str, sample: SampleTeam) -> None:
    for key in ("after", "before", "date", "added-after"):
        request = parse_search_request(user=sample.viewer, parameters={"q": f"{key}:{value}"})
        assert any(sentence in problem.sentence for problem in request.problems), key


def test_span_needs_a_date(sample: SampleTeam) -> None:
    request = parse_search_request(user=sample.viewer, parameters={"q": "date:.."})
    assert "2024-05..2024-08" in request.problems[0].sentence


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_dates_at_the_ends_of_time_are_searched(zone: str, sample: SampleTeam, settings: Settings) -> None:
    settings.TIME_ZONE = zone
    both_ends = (f"added-{bound}:{day}" for bound in ("after", "before") for day in ("0001", "9999-12-31"))
    for text in ("before:9999", "after:0001", "date:9999", *both_ends):
        request = parse_search_request(user=sample.viewer, parameters={"q": text})
        assert request.problems == []
        run_search(request)


def test_filter_form_reads_dates_too(sample: SampleTeam) -> None:
    tokyo = put_dated_picture(sample.collection, sample.owner, **TOKYO).pk
    page = sign_in_client(sample.viewer).get("/search/", {"after": "01.01.2025"}, follow=True).content.decode()
    assert f'data-image-id="{tokyo}"' in page
    assert f'data-image-id="{sample.image.pk}"' not in page
