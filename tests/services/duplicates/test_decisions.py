"""Keeping one of several duplicates: the others are trashed, the keeper never."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from collections_app.errors import ImageDeleted
from collections_app.models import DuplicateDismissal, Image
from collections_app.services.duplicates.decisions import dismiss_duplicates, trash_all_duplicates_except
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, put_picture, put_pictures

pytestmark = pytest.mark.django_db(transaction=True)


def not_trashed_ids() -> set[int]:
    return set(Image.objects.not_trashed().values_list("pk", flat=True))


def test_others_are_trashed_and_the_keeper_stays_even_if_selected(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    result = trash_all_duplicates_except(
        team=sample.team,
        keeper_id=sample.image.pk,
        image_ids=Image.objects.values_list("pk", flat=True),
        trasher=sample.owner,
    )
    assert result.count == 3
    assert not_trashed_ids() == {sample.image.pk}


def test_nothing_changes_when_the_keeper_is_gone(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    Image.objects.filter(pk=sample.image.pk).update(trashed_at=timezone.now())
    before = not_trashed_ids()
    with pytest.raises(ImageDeleted):
        trash_all_duplicates_except(
            team=sample.team,
            keeper_id=sample.image.pk,
            image_ids=Image.objects.values_list("pk", flat=True),
            trasher=sample.owner,
        )
    assert not_trashed_ids() == before


def test_pictures_of_other_teams_are_not_changed(sample: SampleTeam) -> None:
    mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    other = put_picture(mine, sample.owner, "sky.png")
    result = trash_all_duplicates_except(
        team=sample.team,
        keeper_id=sample.image.pk,
        image_ids=Image.objects.values_list("pk", flat=True),
        trasher=sample.owner,
    )
    assert result.count == 0
    assert other.pk in not_trashed_ids()


def test_two_people_keeping_different_copies_do_not_lose_both(sample: SampleTeam) -> None:
    put_pictures(sample, 1)
    pair = list(not_trashed_ids())
    start = threading.Barrier(2)

    def keep(keeper_id: int) -> None:
        start.wait()
        try:
            trash_all_duplicates_except(
                team=sample.team,
                keeper_id=keeper_id,
                image_ids=Image.objects.values_list("pk", flat=True),
                trasher=sample.owner,
            )
        except ImageDeleted:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=[pk]) for pk in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(not_trashed_ids()) == 1


def test_only_pictures_of_the_team_are_dismissed(sample: SampleTeam) -> None:
    put_pictures(sample, 1)
    mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    foreign = put_picture(mine, sample.owner, "sky.png")
    own = sorted(not_trashed_ids() - {foreign.pk})
    assert dismiss_duplicates(team=sample.team, image_ids=[*own, foreign.pk, 10**9], member=sample.owner) == 2
    assert sorted(DuplicateDismissal.objects.get().images.values_list("pk", flat=True)) == own


def test_single_picture_cannot_be_dismissed(sample: SampleTeam) -> None:
    assert dismiss_duplicates(team=sample.team, image_ids=[sample.image.pk], member=sample.owner) == 1
    assert not DuplicateDismissal.objects.exists()
