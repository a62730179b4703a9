"""Keeping one of several: the others go to the trash, the kept one never."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from collections_app.errors import PictureGone
from collections_app.models import DistinctImages, Image
from collections_app.services.deduplication import call_different, keep_one
from collections_app.services.library import create_collection
from tests.house import House, put_picture, put_pictures

pytestmark = pytest.mark.django_db(transaction=True)


def kept_ids() -> set[int]:
    return set(Image.objects.kept().values_list("pk", flat=True))


def test_the_others_go_to_the_trash_and_the_kept_one_stays_though_it_is_ticked(house: House) -> None:
    put_pictures(house, 3)
    ids = keep_one(team=house.team, keeper_id=house.image.pk, images=Image.objects.all(), trasher=house.owner)
    assert len(ids) == 3
    assert kept_ids() == {house.image.pk}


def test_nothing_is_touched_where_the_one_to_keep_is_gone(house: House) -> None:
    put_pictures(house, 2)
    Image.objects.filter(pk=house.image.pk).update(trashed_at=timezone.now())
    before = kept_ids()
    with pytest.raises(PictureGone):
        keep_one(team=house.team, keeper_id=house.image.pk, images=Image.objects.all(), trasher=house.owner)
    assert kept_ids() == before


def test_pictures_of_other_teams_are_not_touched(house: House) -> None:
    mine = create_collection(team=house.owner.personal_team, name="Mine", creator=house.owner)
    other = put_picture(mine, house.owner, "sky.png")
    assert keep_one(team=house.team, keeper_id=house.image.pk, images=Image.objects.all(), trasher=house.owner) == []
    assert other.pk in kept_ids()


def test_two_people_who_keep_different_ones_at_once_do_not_lose_both(house: House) -> None:
    put_pictures(house, 1)
    pair = list(kept_ids())
    start = threading.Barrier(2)

    def keep(keeper_id: int) -> None:
        start.wait()
        try:
            keep_one(team=house.team, keeper_id=keeper_id, images=Image.objects.all(), trasher=house.owner)
        except PictureGone:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=[pk]) for pk in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept_ids()) == 1


def test_only_the_team_s_own_pictures_are_remembered_as_different(house: House) -> None:
    put_pictures(house, 1)
    mine = create_collection(team=house.owner.personal_team, name="Mine", creator=house.owner)
    foreign = put_picture(mine, house.owner, "sky.png")
    own = sorted(kept_ids() - {foreign.pk})
    assert call_different(team=house.team, image_ids=[*own, foreign.pk, 10**9], member=house.owner) == 2
    assert DistinctImages.objects.get().image_ids == own


def test_a_single_picture_is_different_from_nothing(house: House) -> None:
    assert call_different(team=house.team, image_ids=[house.image.pk], member=house.owner) == 1
    assert not DistinctImages.objects.exists()
