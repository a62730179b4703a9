"""The timeline: months in order, places in it, and what other people's pictures must not change."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from collections_app.models import Collection, Image, Share
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.shares import revoke_share
from collections_app.views.paging import PAGE_SIZE
from tests.sample_team import SampleTeam, sign_in_client
from tests.views.library.test_paging import follow, join_pages, list_ids, store_images

_HEADING = re.compile(r'data-month="(\d{4}-\d\d)"')
_LINK = re.compile(r'data-month-link="(\d{4}-\d\d)"')
_TILE = re.compile(r'data-month="([\d-]+)"|data-image-id="(\d+)"')


@pytest.fixture
def dated(sample: SampleTeam) -> list[Image]:
    """The sample's only pictures: of four months, of which the second one has no date of its own."""
    Image.objects.all().delete()
    dates = [datetime(2024, 5, 31, 23, 59), None, datetime(2023, 12, 31), datetime(2023, 2, 1)]
    images = store_images(sample.collection, len(dates))
    for image, date in zip(images, dates, strict=True):
        Image.objects.filter(pk=image.pk).update(taken_at=date)
    Image.objects.filter(pk=images[1].pk).update(created_at=datetime(2024, 3, 4, tzinfo=UTC))
    return images


def read(client: Client, address: str = "/", **headers: str) -> str:
    return client.get(address, headers=headers).content.decode()


def read_further(client: Client, address: str) -> str:
    """Return what htmx gets when a person scrolls to the end of the page."""
    link = re.search(r'hx-get="([^"]*)"\s+hx-trigger="intersect once"', read(client, address))
    assert link
    return read(client, link[1].replace("&amp;", "&"), hx_request="true", hx_target="timeline-more")


def read_after(client: Client, address: str, image_id: str) -> str:
    return read(client, f"{address}?after_id={image_id}", hx_request="true", hx_target="timeline-more")


@pytest.mark.parametrize("address", ["/", "/collections/{pk}/"])
def test_months_are_in_order_and_undated_pictures_are_where_they_were_added(
    address: str, as_owner: Client, sample: SampleTeam, dated: list[Image]
) -> None:
    page = read(as_owner, address.format(pk=sample.collection.pk))
    months = ["2024-05", "2024-03", "2023-12", "2023-02"]
    found = [month or int(pk) for month, pk in _TILE.findall(page)]
    assert found == [each for month, image in zip(months, dated, strict=True) for each in (month, image.pk)]
    assert "May 2024" in page
    assert _LINK.findall(page) == months


def test_months_are_named_in_the_readers_language(as_owner: Client, dated: list[Image]) -> None:
    as_owner.cookies["language"] = "ru"
    assert "Май 2024" in read(as_owner)


def test_address_of_a_month_begins_there_and_leads_back(as_owner: Client, dated: list[Image]) -> None:
    page = read(as_owner, "/?month=2024-03")
    assert list_ids(page) == [str(image.pk) for image in dated[1:]]
    assert list_ids(read(as_owner, "/?month=2024-04")) == list_ids(page)  # no picture of that month
    back = re.search(r'rel="prev" href="([^"]*)"', page)
    assert back
    assert list_ids(read(as_owner, f"/{back[1]}"))[0] == str(dated[0].pk)


@pytest.mark.parametrize("month", ["", "2024", "2024-13", "9999-12", "0001-01", "x", "2024-05-01", "%00"])
def test_odd_or_distant_month_shows_the_first_page(month: str, as_owner: Client, dated: list[Image]) -> None:
    assert list_ids(read(as_owner, f"/?month={month}")) == [str(image.pk) for image in dated]


def test_further_page_repeats_no_heading(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.all().delete()
    images = store_images(sample.collection, PAGE_SIZE + 10)
    Image.objects.filter(pk__in=[each.pk for each in images]).update(taken_at=datetime(2024, 5, 1))
    Image.objects.filter(pk=min(each.pk for each in images)).update(taken_at=datetime(2024, 4, 1))
    further = read_further(as_owner, "/")
    assert "<html" not in further
    assert len(list_ids(further)) == 10
    assert _HEADING.findall(further) == ["2024-04"]


def test_paging_shows_each_picture_once_while_some_are_added_and_trashed(as_owner: Client, sample: SampleTeam) -> None:
    images = store_images(sample.collection, 3 * PAGE_SIZE)
    expected = [str(pk) for pk in Image.objects.latest_taken_first().values_list("pk", flat=True)]
    pages = []
    for page in follow(as_owner, "/", "next"):
        pages.append(page)
        store_images(sample.collection, 1)  # the newest of all
        trash_images(images=Image.objects.filter(pk=page[-1]), trasher=sample.owner)
    assert join_pages(pages) == expected
    assert len(images) < len(expected)


def test_months_of_pictures_that_one_may_not_see_are_not_told(sample: SampleTeam, dated: list[Image]) -> None:
    own = Collection.objects.create(team=sample.outsider.personal_team, name="Own", creator=sample.outsider)
    store_images(own, 2)
    client = sign_in_client(sample.outsider)
    assert len(list_ids(read(client))) == 2
    assert set(_HEADING.findall(read(client) + read(client, "/?month=2024-05"))) == {"2025-12", "2026-01"}

    share = Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    assert "2024-05" in _LINK.findall(read(client))
    revoke_share(share=share)
    assert "2024-05" not in read(client)


def test_month_whose_last_picture_is_trashed_is_no_longer_listed(
    as_owner: Client, sample: SampleTeam, dated: list[Image]
) -> None:
    trash_images(images=Image.objects.filter(pk=dated[2].pk), trasher=sample.owner)
    assert _LINK.findall(read(as_owner)) == ["2024-05", "2024-03", "2023-02"]


def test_collection_is_sorted_by_title_and_by_date_added(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.all().delete()
    images = store_images(sample.collection, PAGE_SIZE + 5)
    for number, image in enumerate(images):
        title = f"{'abc'[number % 3].upper()}{number:03}" if number % 2 else ""
        Image.objects.filter(pk=image.pk).update(title=title, taken_at=datetime(2024, 1, 1) + timedelta(days=number))
    rows = Image.objects.filter(collection=sample.collection)
    by_title = [str(row.pk) for row in sorted(rows, key=lambda row: (row.name.lower(), row.pk))]
    address = f"/collections/{sample.collection.pk}/"
    assert join_pages(follow(as_owner, f"{address}?sort=title", "next")) == by_title
    added = [str(pk) for pk in rows.latest_first().values_list("pk", flat=True)]
    assert join_pages(follow(as_owner, f"{address}?sort=added", "next")) == added
    assert not _LINK.findall(read(as_owner, f"{address}?sort=title"))
    assert list_ids(read_further(as_owner, f"{address}?sort=title")) == by_title[PAGE_SIZE:]


def test_further_page_follows_a_picture_that_was_moved_elsewhere(as_owner: Client, sample: SampleTeam) -> None:
    images = store_images(sample.collection, PAGE_SIZE + 2)
    address = f"/collections/{sample.collection.pk}/"
    first = read(as_owner, address)
    other = create_collection(team=sample.team, name="Hedge", creator=sample.owner)
    Image.objects.filter(pk=list_ids(first)[-1]).update(collection=other)
    further = read_after(as_owner, address, list_ids(first)[-1])
    assert list_ids(further)
    assert not set(list_ids(further)) & set(list_ids(first))
    assert len(images) + 1 == len(list_ids(first) + list_ids(further))


@pytest.mark.parametrize("is_last_gone", [True, False])
def test_page_is_loaded_again_if_nothing_follows_its_last_picture(
    is_last_gone: bool, as_viewer: Client, sample: SampleTeam
) -> None:
    """Another person has moved the last picture, or those that followed it, to the trash."""
    store_images(sample.collection, PAGE_SIZE + 2)
    address = f"/collections/{sample.collection.pk}/"
    shown = list_ids(read(as_viewer, address))
    last = Image.objects.filter(pk=shown[-1])
    trash_images(images=last if is_last_gone else Image.objects.exclude(pk__in=shown), trasher=sample.owner)
    headers = {"HX-Request": "true", "HX-Target": "timeline-more"}
    answer = as_viewer.get(f"{address}?after_id={shown[-1]}", headers=headers)
    assert answer.headers["HX-Refresh"] == "true"
    assert list_ids(answer.content.decode()) == []
