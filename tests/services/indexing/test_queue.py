"""Every change of an image writes its index job, in the same transaction."""

import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from collections_app.models import Collection, Image, IndexJob, Team
from collections_app.models.index_job import Priority
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.images import edit_image
from tests.sample_team import SampleTeam, put_picture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def indexed(sample: SampleTeam) -> Image:
    IndexWorker().drain()
    sample.image.refresh_from_db()
    return sample.image


def queued() -> list[int]:
    return list(IndexJob.objects.values_list("image_id", flat=True))


def test_an_upload_is_queued(sample: SampleTeam) -> None:
    assert queued() == [sample.image.pk]


def test_a_new_title_is_not_queued(indexed: Image) -> None:
    edit_image(image=indexed, title="Rose", tags=indexed.tags)
    assert queued() == []


def test_a_new_tag_is_queued(indexed: Image) -> None:
    edit_image(image=indexed, title="Rose", tags=["red"])
    assert queued() == [indexed.pk]


def test_saving_a_move_is_queued(indexed: Image) -> None:
    assert indexed.uploader
    indexed.collection = create_collection(team=indexed.collection.team, name="Other", creator=indexed.uploader)
    indexed.save()
    assert queued() == [indexed.pk]


def test_a_bulk_update_is_queued(indexed: Image) -> None:
    Image.objects.filter(pk=indexed.pk).update(width=61)
    assert queued() == [indexed.pk]


def test_bulk_update_of_objects_is_queued(indexed: Image) -> None:
    indexed.width = 61
    Image.objects.bulk_update([indexed], ["width"])
    assert queued() == [indexed.pk]


def test_bulk_create_is_queued(indexed: Image) -> None:
    indexed.pk, indexed.public_id = None, uuid.uuid4()
    indexed.sha256 = "0" * 64
    created = Image.objects.bulk_create([indexed])
    assert queued() == [created[0].pk]


def test_moving_a_collection_to_another_team_queues_its_pictures(indexed: Image) -> None:
    Collection.objects.filter(pk=indexed.collection_id).update(team=Team.objects.create(name="Other"))
    assert queued() == [indexed.pk]


def test_a_deletion_is_queued_with_the_file(indexed: Image) -> None:
    name, image_id = indexed.file.name, indexed.pk
    indexed.delete()
    assert IndexJob.objects.get().image_id == image_id
    assert IndexJob.objects.get().file_name == name


def test_deleting_the_uploader_queues_what_remains(indexed: Image) -> None:
    assert indexed.uploader
    indexed.uploader.delete()
    assert queued() == [indexed.pk]


def test_change_by_a_person_stays_ahead_of_a_rebuild(sample: SampleTeam) -> None:
    later = put_picture(sample.collection, sample.owner, "sky.png")
    IndexWorker().drain()
    Image.objects.filter(pk=later.pk).enqueue()

    Image.objects.enqueue(priority=Priority.REBUILD)

    assert [job.image_id for job in IndexJob.objects.due(timezone.now())] == [later.pk, sample.image.pk]


def test_rolled_back_change_leaves_no_job(indexed: Image) -> None:
    def change_and_fail() -> None:
        with transaction.atomic():
            Image.objects.filter(pk=indexed.pk).update(width=61)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert queued() == []
