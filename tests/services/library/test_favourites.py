"""Favourites of one person: what they may see, and what other people do to the pictures."""

import pytest

from collections_app.errors import LimitReached
from collections_app.models import Favourite, Image, Membership, Role, Share, Team, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import favourites
from collections_app.services.library.collections import create_collection
from collections_app.services.library.favourites import add_favourites, set_favourite
from collections_app.services.library.images import move_images
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.search.request import parse_search_request
from tests.sample_team import SampleTeam, put_picture
from tests.searches import find_ids

pytestmark = pytest.mark.django_db(transaction=True)


def mark_favourites(user: User, *images: Image) -> None:
    add_favourites(user=user, images=Image.objects.filter(pk__in=[image.pk for image in images]))


def list_seen(user: User) -> list[int]:
    return list(Favourite.objects.visible_to(user).latest_first().values_list("image", flat=True))


def test_setting_a_favourite_twice_changes_nothing(sample: SampleTeam) -> None:
    for is_favourite in (True, True, False, False):
        set_favourite(user=sample.viewer, image=sample.image, is_favourite=is_favourite)
        assert Favourite.objects.count() == is_favourite


def test_favourites_belong_to_one_person(sample: SampleTeam) -> None:
    mark_favourites(sample.viewer, sample.image)
    assert list_seen(sample.viewer) == [sample.image.pk]
    assert list_seen(sample.owner) == []


def test_several_are_added_once_and_the_latest_comes_first(sample: SampleTeam) -> None:
    others = [put_picture(sample.collection, sample.owner, f"{n}.png", (n, 9, 9)) for n in range(2)]
    mark_favourites(sample.viewer, sample.image)
    assert add_favourites(user=sample.viewer, images=Image.objects.all()) == 2
    assert list_seen(sample.viewer) == [others[1].pk, others[0].pk, sample.image.pk]


def test_limit_changes_nothing(sample: SampleTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favourites, "MAX_FAVOURITES", 1)
    put_picture(sample.collection, sample.owner, "other.png")
    with pytest.raises(LimitReached):
        add_favourites(user=sample.viewer, images=Image.objects.all())
    assert not Favourite.objects.exists()


def test_trashed_picture_is_not_listed_and_returns_after_restore(sample: SampleTeam) -> None:
    mark_favourites(sample.viewer, sample.image)
    one = Image.objects.filter(pk=sample.image.pk)
    trash_images(images=one, trasher=sample.owner)
    assert list_seen(sample.viewer) == []
    restore_images(images=one)
    assert list_seen(sample.viewer) == [sample.image.pk]


def test_lost_access_hides_a_favourite_from_lists_and_searches(sample: SampleTeam) -> None:
    share = Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    mark_favourites(sample.outsider, sample.image)
    IndexWorker().drain()
    assert find_ids(sample.outsider, "red is:favourite") == [sample.image.pk]
    share.delete()
    assert list_seen(sample.outsider) == []
    for query in ("is:favourite", "red is:favourite"):
        assert find_ids(sample.outsider, query) == []
    assert parse_search_request(user=sample.outsider, parameters={"q": "is:favourite"}).filters.values == {"is": [()]}


def test_picture_moved_to_another_team_stays_a_favourite_of_those_who_see_it(sample: SampleTeam) -> None:
    other = Team.objects.create(name="Bees")
    Membership.objects.create(team=other, user=sample.owner, role=Role.OWNER)
    mark_favourites(sample.owner, sample.image)
    mark_favourites(sample.viewer, sample.image)
    target = create_collection(team=other, name="Hive", creator=sample.owner)
    move_images(images=Image.objects.filter(pk=sample.image.pk), target=target)
    assert list_seen(sample.owner) == [sample.image.pk]
    assert list_seen(sample.viewer) == []


@pytest.mark.parametrize("words", ["", "red "])
def test_favourites_are_found_and_excluded(words: str, sample: SampleTeam) -> None:
    sky = put_picture(sample.collection, sample.owner, "sky.png")
    mark_favourites(sample.viewer, sky)
    IndexWorker().drain()
    assert find_ids(sample.viewer, f"{words}is:favourite") == [sky.pk]
    assert find_ids(sample.viewer, f"{words}is:Favorite landscape") == [sky.pk]
    assert find_ids(sample.viewer, f"{words}is:favourite is:portrait") == []
    assert find_ids(sample.viewer, f"{words}-is:favourite") == [sample.image.pk]
    assert find_ids(sample.owner, f"{words}is:favourite") == []
    assert sorted(find_ids(sample.owner, f"{words}-is:favourite")) == [sample.image.pk, sky.pk]


def test_purging_a_picture_deletes_its_favourites(sample: SampleTeam) -> None:
    mark_favourites(sample.viewer, sample.image)
    Image.objects.all().delete()
    assert not Favourite.objects.exists()
