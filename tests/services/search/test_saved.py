"""Saved searches: who has them, and how many of their hits are new to whom."""

from collections.abc import Callable

import pytest

from collections_app.errors import IndexUnavailable, SearchNotUnderstood
from collections_app.models import Image, Membership, SavedSearch, SearchVisit, Share, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from collections_app.services.search.saved import (
    count_new_matches,
    delete_search,
    record_visit,
    save_search,
    share_search,
)
from collections_app.services.sharing.teams import delete_team
from tests.sample_team import SampleTeam, put_picture, put_pictures

pytestmark = pytest.mark.django_db


@pytest.fixture
def saved(sample: SampleTeam) -> SavedSearch:
    """The owner's, shared with the team."""
    IndexWorker().drain()
    search = save_search(maker=sample.owner, name="Blue", query="q=blue")
    share_search(search=search, team=sample.team)
    search.refresh_from_db()
    return search


def visible_to(user: User) -> list[SavedSearch]:
    return list(SavedSearch.objects.visible_to(user))


def test_search_shared_with_a_team_is_listed_for_its_members(sample: SampleTeam, saved: SavedSearch) -> None:
    assert visible_to(sample.viewer) == visible_to(sample.owner) == [saved]
    assert visible_to(sample.outsider) == []


def test_unshared_search_is_visible_to_its_author_only(sample: SampleTeam, saved: SavedSearch) -> None:
    share_search(search=saved, team=None)
    assert visible_to(sample.owner) == [saved]
    assert visible_to(sample.viewer) == []


def test_former_member_loses_the_shared_search(sample: SampleTeam, saved: SavedSearch) -> None:
    Membership.objects.filter(user=sample.viewer).delete()
    assert visible_to(sample.viewer) == []


def test_pictures_added_after_the_last_visit_are_new(sample: SampleTeam, saved: SavedSearch) -> None:
    assert count_new_matches(search=saved, viewer=sample.owner) == 0
    put_pictures(sample, 3)
    IndexWorker().drain()
    assert count_new_matches(search=saved, viewer=sample.owner) == 3
    record_visit(search=saved, viewer=sample.owner)
    assert count_new_matches(search=saved, viewer=sample.owner) == 0


def test_each_viewer_has_visits_of_their_own(sample: SampleTeam, saved: SavedSearch) -> None:
    record_visit(search=saved, viewer=sample.viewer)
    put_pictures(sample, 2)
    IndexWorker().drain()
    record_visit(search=saved, viewer=sample.owner)
    assert count_new_matches(search=saved, viewer=sample.viewer) == 2


def test_viewer_who_never_opened_a_search_sees_no_count(sample: SampleTeam, saved: SavedSearch) -> None:
    assert count_new_matches(search=saved, viewer=sample.viewer) is None


def test_new_pictures_that_the_viewer_may_not_see_do_not_count(sample: SampleTeam, saved: SavedSearch) -> None:
    record_visit(search=saved, viewer=sample.viewer)
    private = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    hidden = put_picture(private, sample.owner, "hidden.png", colour=(0, 0, 250))
    shown = put_picture(sample.collection, sample.owner, "shown.png", colour=(0, 0, 251))
    IndexWorker().drain()
    assert count_new_matches(search=saved, viewer=sample.viewer) == 1
    trash_images(images=Image.objects.filter(pk__in=[hidden.pk, shown.pk]), trasher=sample.owner)
    assert count_new_matches(search=saved, viewer=sample.viewer) == 0


def test_only_the_top_results_count_as_new(sample: SampleTeam, saved: SavedSearch) -> None:
    put_pictures(sample, 4)
    IndexWorker().drain()
    assert count_new_matches(search=saved, viewer=sample.owner, top=2) == 2


def test_invisible_collection_is_not_mentioned(sample: SampleTeam) -> None:
    private = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    search = save_search(maker=sample.owner, name="Blue", query=f"q=blue&collection={private.pk}")
    share_search(search=search, team=sample.team)
    record_visit(search=search, viewer=sample.viewer)
    with pytest.raises(SearchNotUnderstood) as refused:
        count_new_matches(search=search, viewer=sample.viewer)
    assert "Mine" not in str(refused.value)
    Share.objects.create(collection=private, user=sample.viewer, role="viewer")
    assert count_new_matches(search=search, viewer=sample.viewer) == 0


@pytest.mark.usefixtures("broken_index")
def test_failing_index_is_not_reported_as_nothing_new(sample: SampleTeam) -> None:
    search = save_search(maker=sample.owner, name="Blue", query="q=blue")
    with pytest.raises(IndexUnavailable):
        count_new_matches(search=search, viewer=sample.owner)


def test_outdated_query_finds_nothing_new(sample: SampleTeam) -> None:
    search = save_search(maker=sample.owner, name="Old", query="gone=1&q=%00")
    assert count_new_matches(search=search, viewer=sample.owner) == 0


@pytest.mark.parametrize(
    "erase",
    [
        lambda sample, search: sample.owner.delete(),
        lambda sample, search: delete_team(team=sample.team),
        lambda sample, search: delete_search(search=search),
    ],
    ids=["the maker's account", "the team", "the search"],
)
def test_saved_search_is_deleted_with_its_author_and_team(
    sample: SampleTeam, saved: SavedSearch, erase: Callable[..., None]
) -> None:
    record_visit(search=saved, viewer=sample.viewer)
    erase(sample, saved)
    assert not SavedSearch.objects.exists()
    assert not SearchVisit.objects.exists()


def test_deleted_viewers_leave_no_visit(sample: SampleTeam, saved: SavedSearch) -> None:
    record_visit(search=saved, viewer=sample.viewer)
    sample.viewer.delete()
    assert [visit.viewer for visit in SearchVisit.objects.all()] == [sample.owner]
