"""Pages of pictures, followed by their links from the newest picture to the oldest and back."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from collections_app.models import Collection, Image
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.public_links import create_link
from collections_app.views.paging import PAGE_SIZE
from tests.sample_team import SampleTeam, sign_in_client

_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_IDS = re.compile(r'data-(?:image|public)-id="([\w-]+)"|name="image" value="(\d+)">\s')


def store_images(collection: Collection, count: int, *, minutes_apart: int = 1) -> list[Image]:
    """Store rows without files; those of one date are newest first by their keys."""
    return Image.objects.bulk_create(
        Image(
            collection=collection,
            original_name=f"{number}.png",
            file=f"{number}.png",
            sha256=f"{collection.pk}-{number}",
            byte_size=1,
            width=1,
            height=1,
            created_at=_DATE - timedelta(minutes=number * minutes_apart),
        )
        for number in range(count)
    )


def list_ids(page: str) -> list[str]:
    """Return the ids of the tiles. A tile that can be selected names its picture twice."""
    return list(dict.fromkeys(first or second for first, second in _IDS.findall(page)))


def follow(client: Client, address: str, rel: str) -> Iterator[list[str]]:
    """Yield the ids of each page, from the first one on, along the links with this `rel`."""
    path = address.split("?")[0]
    while True:
        page = client.get(address).content.decode()
        yield list_ids(page)
        link = re.search(rf'rel="{rel}" href="([^"]*)"', page)
        if link is None:
            return
        address = path + link[1].replace("&amp;", "&")


def join_pages(pages: Iterable[list[str]]) -> list[str]:
    return [each for page in pages for each in page]


def last_address(client: Client, address: str) -> str:
    """Return the address of the last page."""
    while link := re.search(r'rel="next" href="([^"]*)"', client.get(address).content.decode()):
        address = address.split("?")[0] + link[1].replace("&amp;", "&")
    return address


@pytest.mark.parametrize("minutes_apart", [1, 0])
def test_links_lead_to_every_picture_of_a_collection_once(
    minutes_apart: int, as_owner: Client, sample: SampleTeam
) -> None:
    store_images(sample.collection, 2 * PAGE_SIZE + 5, minutes_apart=minutes_apart)
    address = f"/collections/{sample.collection.pk}/"
    expected = [str(pk) for pk in Image.objects.latest_first().values_list("pk", flat=True)]
    pages = list(follow(as_owner, address, "next"))
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 6]
    assert join_pages(pages) == expected

    back = list(follow(as_owner, last_address(as_owner, address), "prev"))
    assert back == list(reversed(pages))


@pytest.mark.parametrize("minutes_apart", [1, 0])
def test_pictures_of_many_collections_are_merged(minutes_apart: int, as_owner: Client, sample: SampleTeam) -> None:
    for number in range(PAGE_SIZE + 12):
        collection = Collection.objects.create(team=sample.team, name=f"Bed {number}", creator=sample.owner)
        store_images(collection, 1 + number % 3, minutes_apart=minutes_apart)
    expected = [str(pk) for pk in Image.objects.latest_first().values_list("pk", flat=True)]
    assert join_pages(follow(as_owner, "/search/", "next")) == expected
    assert join_pages(follow(as_owner, "/", "next")) == expected


def test_trash_is_paged_by_the_date_of_trashing(as_owner: Client, sample: SampleTeam) -> None:
    images = store_images(sample.collection, PAGE_SIZE + 9)
    for image in images:  # the oldest picture is trashed last
        trash_images(images=Image.objects.filter(pk=image.pk), trasher=sample.owner)
    pages = list(follow(as_owner, "/trash/", "next"))
    assert join_pages(pages) == [str(image.pk) for image in reversed(images)]
    assert "57 pictures" in as_owner.get("/trash/").content.decode()


def test_public_pages_are_linked_without_keys_of_rows(client: Client, sample: SampleTeam) -> None:
    store_images(sample.collection, 2 * PAGE_SIZE)
    link = create_link(collection=sample.collection, creator=sample.owner)
    address = f"/s/{link.secret}/"
    expected = [str(public_id) for public_id in Image.objects.latest_first().values_list("public_id", flat=True)]
    assert join_pages(follow(client, address, "next")) == expected
    assert re.search(r"after_id=[\da-f-]{36}", client.get(address).content.decode())


def test_page_after_a_trashed_picture_keeps_its_place(as_owner: Client, sample: SampleTeam) -> None:
    images = store_images(sample.collection, PAGE_SIZE + 5)
    address = f"/collections/{sample.collection.pk}/?after_id={images[PAGE_SIZE].pk}"
    before = list_ids(as_owner.get(address).content.decode())
    trash_images(images=Image.objects.filter(pk=images[PAGE_SIZE].pk), trasher=sample.owner)
    assert list_ids(as_owner.get(address).content.decode()) == before == [str(each.pk) for each in images[-4:]]


@pytest.mark.parametrize("name", ["after_id", "before_id"])
@pytest.mark.parametrize("odd", ["-1", "0", "x", "9" * 5000, "%00", "999999", ""])
def test_unknown_place_shows_the_first_page(name: str, odd: str, as_owner: Client, sample: SampleTeam) -> None:
    store_images(sample.collection, PAGE_SIZE + 5)
    link = create_link(collection=sample.collection, creator=sample.owner)
    for address in (f"/collections/{sample.collection.pk}/", f"/s/{link.secret}/", "/trash/"):
        answer = as_owner.get(f"{address}?{name}={odd}")
        assert answer.status_code == 200
        assert list_ids(answer.content.decode()) == list_ids(as_owner.get(address).content.decode())


def test_viewer_learns_no_date_of_a_trashed_picture(sample: SampleTeam) -> None:
    images = store_images(sample.collection, PAGE_SIZE + 5)
    trash_images(images=Image.objects.filter(pk=images[20].pk), trasher=sample.owner)
    client = sign_in_client(sample.viewer)
    for address in ("/search/", f"/collections/{sample.collection.pk}/"):
        first = list_ids(client.get(address).content.decode())
        for name in ("after_id", "before_id"):
            assert list_ids(client.get(f"{address}?{name}={images[20].pk}").content.decode()) == first


def test_picture_that_one_may_not_see_is_an_unknown_place(sample: SampleTeam) -> None:
    """Otherwise the page would reveal the date of that picture."""
    foreign = store_images(sample.collection, 1)[0]
    own = Collection.objects.create(team=sample.outsider.personal_team, name="Own", creator=sample.outsider)
    newest = store_images(own, PAGE_SIZE + 5)
    Image.objects.filter(pk=foreign.pk).update(created_at=_DATE - timedelta(minutes=20))
    client = sign_in_client(sample.outsider)
    for address in ("/search/", f"/collections/{own.pk}/"):
        page = client.get(f"{address}?after_id={foreign.pk}").content.decode()
        assert list_ids(page)[0] == str(newest[0].pk)
