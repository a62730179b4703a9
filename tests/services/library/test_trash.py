"""The trash: hidden from searches, restored whole, purged after some days."""

import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from collections_app.index import TRASH_PARTITION
from collections_app.models import Collection, Image
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.renditions import Rendition, build_rendition_name
from collections_app.services.library.trash import purge_trash, restore_images, trash_collection, trash_images
from collections_app.services.maintenance import run_maintenance
from tests.sample_team import SampleTeam
from tests.searches import find_ids
from tests.services.indexing.agreement import assert_index_agrees, indexed_entries

pytestmark = pytest.mark.django_db(transaction=True)


class StopWhenIdle(threading.Event):
    """Stops the worker at its first pause, when it has done all jobs."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def trash_the_picture(sample: SampleTeam) -> None:
    assert trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner) == 1


def found(sample: SampleTeam) -> list[int]:
    return find_ids(sample.viewer, "red")


def test_trashed_picture_is_hidden_from_everybody_at_once(sample: SampleTeam) -> None:
    IndexWorker().drain()
    trash_the_picture(sample)

    assert found(sample) == []
    assert not Image.objects.visible_to(sample.owner).exists()
    assert list(Image.objects.in_trash_of(sample.owner)) == [sample.image]
    assert not Image.objects.in_trash_of(sample.viewer).exists()


def test_trashed_vector_is_unsearchable_and_restored_without_encoding(sample: SampleTeam) -> None:
    IndexWorker().drain()
    trash_the_picture(sample)
    IndexWorker().drain()
    assert [entry.team_id for entry in indexed_entries()] == [TRASH_PARTITION]
    sample.image.file.storage.delete(sample.image.file_name)  # nothing can be encoded again

    restore_images(images=Image.objects.filter(pk=sample.image.pk))
    IndexWorker().drain()

    assert_index_agrees()
    assert found(sample) == [sample.image.pk]


def test_collection_is_trashed_with_its_pictures_and_restored_with_one(sample: SampleTeam) -> None:
    assert trash_collection(collection=sample.collection, trasher=sample.owner) == 1
    assert not Collection.objects.visible_to(sample.owner).exists()

    restore_images(images=Image.objects.filter(pk=sample.image.pk))

    assert list(Image.objects.visible_to(sample.viewer)) == [sample.image]


def test_a_restored_collection_gets_a_free_name(sample: SampleTeam) -> None:
    trash_collection(collection=sample.collection, trasher=sample.owner)
    create_collection(team=sample.team, name="GARDEN", creator=sample.owner)

    restore_images(images=Image.objects.filter(pk=sample.image.pk))

    sample.collection.refresh_from_db()
    assert sample.collection.name == "Garden (2)"


def test_purge_deletes_only_old_enough_pictures(sample: SampleTeam, settings: Settings) -> None:
    trash_collection(collection=sample.collection, trasher=sample.owner)
    assert purge_trash() == 0

    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS, seconds=1)
    Image.objects.trashed().update(trashed_at=long_ago)
    Collection.objects.update(trashed_at=long_ago)

    assert purge_trash() == 1
    assert not Collection.objects.exists()
    IndexWorker().drain()
    assert_index_agrees()
    assert not sample.image.file.storage.exists(sample.image.file_name)


def test_running_worker_purges_row_vector_and_files(sample: SampleTeam, settings: Settings) -> None:
    IndexWorker().drain()
    assert default_storage.exists(build_rendition_name(sample.image.file_name, Rendition.GRID))
    trash_the_picture(sample)
    Image.objects.update(trashed_at=timezone.now() - timedelta(days=settings.TRASH_DAYS, seconds=1))
    IndexWorker(stop=StopWhenIdle(), maintenance=run_maintenance).run()

    assert not Image.objects.exists()
    assert indexed_entries() == []
    for name in (sample.image.file_name, build_rendition_name(sample.image.file_name, Rendition.GRID)):
        assert not default_storage.exists(name)
