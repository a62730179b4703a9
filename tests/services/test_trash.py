"""The trash: found by nobody, restored whole, purged after some days."""

import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from collections_app.index import NO_TEAM
from collections_app.models import Collection, Image
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import create_collection
from collections_app.services.renditions import Rendition, rendition_name
from collections_app.services.search import everything_visible_to, search_by_text
from collections_app.services.trash import purge_trash, restore_images, trash_collection, trash_images
from tests.house import House
from tests.services.agreement import assert_index_agrees, indexed_entries

pytestmark = pytest.mark.django_db(transaction=True)


class StopWhenIdle(threading.Event):
    """Ends the worker at its first pause: by then it has done what there was to do."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def trash_the_picture(house: House) -> None:
    assert trash_images(images=Image.objects.filter(pk=house.image.pk), trasher=house.owner) == 1


def found(house: House) -> list[int]:
    return [each.image.pk for each in search_by_text(scope=everything_visible_to(house.viewer), text="red")]


def test_what_is_in_the_trash_is_found_by_nobody_at_once(house: House) -> None:
    IndexWorker().drain()
    trash_the_picture(house)

    assert found(house) == []
    assert not Image.objects.visible_to(house.owner).exists()
    assert list(Image.objects.in_trash_of(house.owner)) == [house.image]
    assert not Image.objects.in_trash_of(house.viewer).exists()


def test_its_vector_waits_where_no_search_looks_and_comes_back_without_encoding(house: House) -> None:
    IndexWorker().drain()
    trash_the_picture(house)
    IndexWorker().drain()
    assert [entry.team_id for entry in indexed_entries()] == [NO_TEAM]
    house.image.file.storage.delete(house.image.file_name)  # so that nothing can be encoded anew

    restore_images(images=Image.objects.filter(pk=house.image.pk))
    IndexWorker().drain()

    assert_index_agrees()
    assert found(house) == [house.image.pk]


def test_a_collection_goes_with_its_pictures_and_comes_back_with_one_of_them(house: House) -> None:
    assert trash_collection(collection=house.collection, trasher=house.owner) == 1
    assert not Collection.objects.visible_to(house.owner).exists()

    restore_images(images=Image.objects.filter(pk=house.image.pk))

    assert list(Image.objects.visible_to(house.viewer)) == [house.image]


def test_a_restored_collection_gets_a_free_name(house: House) -> None:
    trash_collection(collection=house.collection, trasher=house.owner)
    create_collection(team=house.team, name="GARDEN", creator=house.owner)

    restore_images(images=Image.objects.filter(pk=house.image.pk))

    house.collection.refresh_from_db()
    assert house.collection.name == "Garden (2)"


def test_the_purge_takes_only_what_is_old_enough(house: House, settings: Settings) -> None:
    trash_collection(collection=house.collection, trasher=house.owner)
    assert purge_trash() == 0

    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS, seconds=1)
    Image.objects.trashed().update(trashed_at=long_ago)
    Collection.objects.update(trashed_at=long_ago)

    assert purge_trash() == 1
    assert not Collection.objects.exists()
    IndexWorker().drain()
    assert_index_agrees()
    assert not house.image.file.storage.exists(house.image.file_name)


def test_a_running_worker_purges_by_itself_row_vector_and_files(house: House, settings: Settings) -> None:
    IndexWorker().drain()
    assert default_storage.exists(rendition_name(house.image.file_name, Rendition.GRID))
    trash_the_picture(house)
    Image.objects.update(trashed_at=timezone.now() - timedelta(days=settings.TRASH_DAYS, seconds=1))
    IndexWorker(stop=StopWhenIdle()).run()

    assert not Image.objects.exists()
    assert indexed_entries() == []
    for name in (house.image.file_name, rendition_name(house.image.file_name, Rendition.GRID)):
        assert not default_storage.exists(name)
