"""Search: permission is decided in SQL, however stale the index is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.errors import IndexUnavailable, NotIndexed
from collections_app.models import Image, Membership
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.search.retrieval import (
    ScoredImage,
    all_of_collections,
    everything_visible_to,
    search_by_text,
    search_similar,
)
from tests.sample_team import SampleTeam, put_picture, put_pictures

pytestmark = pytest.mark.django_db(transaction=True)


def ids(found: list[ScoredImage]) -> list[int]:
    return [each.image.pk for each in found]


def test_a_member_finds_what_is_indexed(sample: SampleTeam) -> None:
    IndexWorker().drain()

    assert ids(search_by_text(scope=everything_visible_to(sample.viewer), text="red")) == [sample.image.pk]


def test_an_outsider_finds_nothing(sample: SampleTeam) -> None:
    IndexWorker().drain()

    assert search_by_text(scope=everything_visible_to(sample.outsider), text="red") == []


def test_who_left_the_team_finds_nothing_at_once(sample: SampleTeam) -> None:
    IndexWorker().drain()
    Membership.objects.filter(user=sample.viewer).delete()

    assert search_by_text(scope=everything_visible_to(sample.viewer), text="red") == []


def test_a_picture_moved_away_is_not_found_while_the_index_is_stale(sample: SampleTeam) -> None:
    IndexWorker().drain()
    sample.collection.team = sample.outsider.personal_team
    sample.collection.save()

    assert search_by_text(scope=everything_visible_to(sample.viewer), text="red") == []


def test_a_deleted_picture_is_not_found_while_the_index_is_stale(sample: SampleTeam) -> None:
    IndexWorker().drain()
    sample.image.delete()

    assert search_by_text(scope=everything_visible_to(sample.owner), text="red") == []


def test_the_number_of_statements_does_not_depend_on_the_number_of_hits(sample: SampleTeam) -> None:
    IndexWorker().drain()
    with CaptureQueriesContext(connection) as few:
        assert len(names_found(sample)) == 1
    put_pictures(sample, 30)
    IndexWorker().drain()
    with CaptureQueriesContext(connection) as many:
        assert len(names_found(sample)) == 31

    assert len(many) == len(few)


def names_found(sample: SampleTeam) -> list[str]:
    return [
        f"{each.image} in {each.image.collection.team}"
        for each in search_by_text(scope=everything_visible_to(sample.owner), text="blue")
    ]


def test_a_search_in_one_collection_stays_there(sample: SampleTeam) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)
    theirs = put_picture(other, sample.owner, "sky.png", colour="blue")
    IndexWorker().drain()

    assert ids(search_by_text(scope=all_of_collections([other]), text="red")) == [theirs.pk]


def test_a_failure_is_never_an_empty_result(sample: SampleTeam, broken_index: None) -> None:
    with pytest.raises(IndexUnavailable):
        search_by_text(scope=everything_visible_to(sample.owner), text="red")


def test_similar_pictures_are_found_without_the_picture_itself(sample: SampleTeam) -> None:
    near = put_picture(sample.collection, sample.owner, "pink.png", colour=(250, 10, 10))
    IndexWorker().drain()

    assert ids(search_similar(user=sample.owner, image=sample.image, limit=9)) == [near.pk]


def test_nothing_is_compared_with_a_picture_that_waits(sample: SampleTeam) -> None:
    with pytest.raises(NotIndexed):
        search_similar(user=sample.owner, image=Image.objects.get(), limit=9)
