"""Search: permission is decided in SQL, however stale the index is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.errors import IndexUnavailable, NotIndexed
from collections_app.models import Image, Membership
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import create_collection
from collections_app.services.search import (
    ScoredImage,
    all_of_collections,
    everything_visible_to,
    search_by_text,
    search_similar,
)
from tests.house import House, put_picture, put_pictures

pytestmark = pytest.mark.django_db(transaction=True)


def ids(found: list[ScoredImage]) -> list[int]:
    return [each.image.pk for each in found]


def test_a_member_finds_what_is_indexed(house: House) -> None:
    IndexWorker().drain()

    assert ids(search_by_text(scope=everything_visible_to(house.viewer), text="red")) == [house.image.pk]


def test_an_outsider_finds_nothing(house: House) -> None:
    IndexWorker().drain()

    assert search_by_text(scope=everything_visible_to(house.outsider), text="red") == []


def test_who_left_the_team_finds_nothing_at_once(house: House) -> None:
    IndexWorker().drain()
    Membership.objects.filter(user=house.viewer).delete()

    assert search_by_text(scope=everything_visible_to(house.viewer), text="red") == []


def test_a_picture_moved_away_is_not_found_while_the_index_is_stale(house: House) -> None:
    IndexWorker().drain()
    house.collection.team = house.outsider.personal_team
    house.collection.save()

    assert search_by_text(scope=everything_visible_to(house.viewer), text="red") == []


def test_a_deleted_picture_is_not_found_while_the_index_is_stale(house: House) -> None:
    IndexWorker().drain()
    house.image.delete()

    assert search_by_text(scope=everything_visible_to(house.owner), text="red") == []


def test_the_number_of_statements_does_not_depend_on_the_number_of_hits(house: House) -> None:
    IndexWorker().drain()
    with CaptureQueriesContext(connection) as few:
        assert len(names_found(house)) == 1
    put_pictures(house, 30)
    IndexWorker().drain()
    with CaptureQueriesContext(connection) as many:
        assert len(names_found(house)) == 31

    assert len(many) == len(few)


def names_found(house: House) -> list[str]:
    return [
        f"{each.image} in {each.image.collection.team}"
        for each in search_by_text(scope=everything_visible_to(house.owner), text="blue")
    ]


def test_a_search_in_one_collection_stays_there(house: House) -> None:
    other = create_collection(team=house.team, name="Other", creator=house.owner)
    theirs = put_picture(other, house.owner, "sky.png", colour="blue")
    IndexWorker().drain()

    assert ids(search_by_text(scope=all_of_collections([other]), text="red")) == [theirs.pk]


def test_a_failure_is_never_an_empty_result(house: House, broken_index: None) -> None:
    with pytest.raises(IndexUnavailable):
        search_by_text(scope=everything_visible_to(house.owner), text="red")


def test_similar_pictures_are_found_without_the_picture_itself(house: House) -> None:
    near = put_picture(house.collection, house.owner, "pink.png", colour=(250, 10, 10))
    IndexWorker().drain()

    assert ids(search_similar(user=house.owner, image=house.image, limit=9)) == [near.pk]


def test_nothing_is_compared_with_a_picture_that_waits(house: House) -> None:
    with pytest.raises(NotIndexed):
        search_similar(user=house.owner, image=Image.objects.get(), limit=9)
