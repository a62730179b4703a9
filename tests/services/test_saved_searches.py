"""Saved searches: who has them, and how many of their hits are new to whom."""

from collections.abc import Callable

import pytest

from collections_app.errors import IndexUnavailable
from collections_app.models import Image, Membership, SavedSearch, SearchVisit, Share, User
from collections_app.services import saved_searches
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import create_collection
from collections_app.services.saved_searches import count_new, delete_search, note_visit, save_search, share_search
from collections_app.services.teams import delete_team
from collections_app.services.trash import trash_images
from tests.house import House, put_picture, put_pictures

pytestmark = pytest.mark.django_db


@pytest.fixture
def saved(house: House) -> SavedSearch:
    """The owner's, shared with the team."""
    IndexWorker().drain()
    search = save_search(maker=house.owner, name="Blue", query="q=blue")
    share_search(search=search, team=house.team)
    search.refresh_from_db()
    return search


def visible_to(user: User) -> list[SavedSearch]:
    return list(SavedSearch.objects.visible_to(user))


def test_what_is_shared_with_a_team_is_in_its_members_lists(house: House, saved: SavedSearch) -> None:
    assert visible_to(house.viewer) == visible_to(house.owner) == [saved]
    assert visible_to(house.outsider) == []


def test_what_is_not_shared_is_the_makers_alone(house: House, saved: SavedSearch) -> None:
    share_search(search=saved, team=None)
    assert visible_to(house.owner) == [saved]
    assert visible_to(house.viewer) == []


def test_who_leaves_the_team_has_it_no_more(house: House, saved: SavedSearch) -> None:
    Membership.objects.filter(user=house.viewer).delete()
    assert visible_to(house.viewer) == []


def test_pictures_that_came_after_the_last_visit_are_new(house: House, saved: SavedSearch) -> None:
    assert count_new(search=saved, viewer=house.owner) == 0
    put_pictures(house, 3)
    IndexWorker().drain()
    assert count_new(search=saved, viewer=house.owner) == 3
    note_visit(search=saved, viewer=house.owner)
    assert count_new(search=saved, viewer=house.owner) == 0


def test_each_viewer_has_visits_of_their_own(house: House, saved: SavedSearch) -> None:
    note_visit(search=saved, viewer=house.viewer)
    put_pictures(house, 2)
    IndexWorker().drain()
    note_visit(search=saved, viewer=house.owner)
    assert count_new(search=saved, viewer=house.viewer) == 2


def test_nothing_is_said_to_who_has_never_opened_it(house: House, saved: SavedSearch) -> None:
    assert count_new(search=saved, viewer=house.viewer) is None


def test_new_pictures_that_the_viewer_may_not_see_do_not_count(house: House, saved: SavedSearch) -> None:
    note_visit(search=saved, viewer=house.viewer)
    private = create_collection(team=house.owner.personal_team, name="Mine", creator=house.owner)
    hidden = put_picture(private, house.owner, "hidden.png", colour=(0, 0, 250))
    shown = put_picture(house.collection, house.owner, "shown.png", colour=(0, 0, 251))
    IndexWorker().drain()
    assert count_new(search=saved, viewer=house.viewer) == 1
    trash_images(images=Image.objects.filter(pk__in=[hidden.pk, shown.pk]), trasher=house.owner)
    assert count_new(search=saved, viewer=house.viewer) == 0


def test_only_the_first_hits_count(house: House, saved: SavedSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_searches, "FIRST_HITS", 2)
    put_pictures(house, 4)
    IndexWorker().drain()
    assert count_new(search=saved, viewer=house.owner) == 2


def test_nothing_is_said_of_a_place_that_the_viewer_may_not_see(house: House) -> None:
    private = create_collection(team=house.owner.personal_team, name="Mine", creator=house.owner)
    search = save_search(maker=house.owner, name="Blue", query=f"q=blue&collection={private.pk}")
    share_search(search=search, team=house.team)
    note_visit(search=search, viewer=house.viewer)
    assert count_new(search=search, viewer=house.viewer) is None
    Share.objects.create(collection=private, user=house.viewer, role="viewer")
    assert count_new(search=search, viewer=house.viewer) == 0


@pytest.mark.usefixtures("broken_index")
def test_failing_index_is_not_called_nothing_new(house: House) -> None:
    search = save_search(maker=house.owner, name="Blue", query="q=blue")
    with pytest.raises(IndexUnavailable):
        count_new(search=search, viewer=house.owner)


def test_query_that_means_nothing_any_more_finds_nothing_new(house: House) -> None:
    search = save_search(maker=house.owner, name="Old", query="gone=1&q=%00")
    assert count_new(search=search, viewer=house.owner) == 0


@pytest.mark.parametrize(
    "erase",
    [
        lambda house, search: house.owner.delete(),
        lambda house, search: delete_team(team=house.team),
        lambda house, search: delete_search(search=search),
    ],
    ids=["the maker's account", "the team", "the search"],
)
def test_nothing_of_it_outlives(house: House, saved: SavedSearch, erase: Callable[..., None]) -> None:
    note_visit(search=saved, viewer=house.viewer)
    erase(house, saved)
    assert not SavedSearch.objects.exists()
    assert not SearchVisit.objects.exists()


def test_deleted_viewers_leave_no_visit(house: House, saved: SavedSearch) -> None:
    note_visit(search=saved, viewer=house.viewer)
    house.viewer.delete()
    assert [visit.viewer for visit in SearchVisit.objects.all()] == [house.owner]
