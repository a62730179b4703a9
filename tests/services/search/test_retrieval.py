"""Search: permission is decided in SQL, however stale the index is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.errors import IndexUnavailable
from collections_app.models import Membership
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, put_picture, put_pictures
from tests.searches import find_ids, find_images

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_member_finds_what_is_indexed(sample: SampleTeam) -> None:
    IndexWorker().drain()

    assert find_ids(sample.viewer, "red") == [sample.image.pk]


def test_an_outsider_finds_nothing(sample: SampleTeam) -> None:
    IndexWorker().drain()

    assert find_ids(sample.outsider, "red") == []


def test_former_member_finds_nothing_at_once(sample: SampleTeam) -> None:
    IndexWorker().drain()
    Membership.objects.filter(user=sample.viewer).delete()

    assert find_ids(sample.viewer, "red") == []


def test_a_picture_moved_away_is_not_found_while_the_index_is_stale(sample: SampleTeam) -> None:
    IndexWorker().drain()
    sample.collection.team = sample.outsider.personal_team
    sample.collection.save()

    assert find_ids(sample.viewer, "red") == []


def test_a_deleted_picture_is_not_found_while_the_index_is_stale(sample: SampleTeam) -> None:
    IndexWorker().drain()
    sample.image.delete()

    assert find_ids(sample.owner, "red") == []


def test_the_number_of_statements_does_not_depend_on_the_number_of_hits(sample: SampleTeam) -> None:
    IndexWorker().drain()
    with CaptureQueriesContext(connection) as few:
        assert len(describe_found(sample)) == 1
    put_pictures(sample, 30)
    IndexWorker().drain()
    with CaptureQueriesContext(connection) as many:
        assert len(describe_found(sample)) == 31

    assert len(many) == len(few)


def describe_found(sample: SampleTeam) -> list[str]:
    return [f"{each} in {each.collection.team}" for each in find_images(sample.owner, "blue")]


def test_a_search_in_one_collection_stays_there(sample: SampleTeam) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)
    theirs = put_picture(other, sample.owner, "sky.png", colour="blue")
    IndexWorker().drain()

    assert find_ids(sample.owner, "red", collection=str(other.pk)) == [theirs.pk]


def test_a_failure_is_never_an_empty_result(sample: SampleTeam, broken_index: None) -> None:
    with pytest.raises(IndexUnavailable):
        find_ids(sample.owner, "red")
