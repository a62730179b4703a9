"""Filters of a search, and that what they ask for reaches the index with every way of changing it."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command

from collections_app.encoders import get_encoder
from collections_app.index import Filters, word_key
from collections_app.index.milvus import MilvusIndex
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.active import active_index
from collections_app.services.housekeeping import keep_house
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import claim_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import edit_image, set_tags, tag_images
from collections_app.services.search import everything_visible_to, search_by_text
from collections_app.services.trash import restore_images, trash_images
from tests.house import House, put_picture
from tests.index.older import store_as_version_1
from tests.services.agreement import assert_index_agrees, indexed_entries

pytestmark = pytest.mark.django_db(transaction=True)


def found(house: House, filters: Filters) -> list[int]:
    hits = search_by_text(scope=everything_visible_to(house.viewer), text="red", filters=filters)
    return sorted(each.image.pk for each in hits)


def the_picture(house: House) -> Image:
    return Image.objects.get(pk=house.image.pk)


def test_filters_are_asked_of_what_is_known_of_a_picture(house: House) -> None:
    other = put_picture(house.collection, house.viewer, "sky.png")
    IndexWorker().drain()

    assert found(house, Filters(uploader_ids=(house.viewer.pk,))) == [other.pk]
    assert found(house, Filters(shapes=("landscape",), formats=("PNG",), min_edge_px=60)) == [house.image.pk, other.pk]
    assert found(house, Filters(formats=("JPEG",))) == []
    assert found(house, Filters(taken_from=1)) == []


@pytest.mark.parametrize("way", ["edit", "tag", "set", "save", "bulk"])
def test_a_changed_tag_reaches_the_index_without_encoding(house: House, way: str) -> None:
    IndexWorker().drain()
    house.image.file.storage.delete(house.image.file_name)  # so that nothing can be encoded anew
    image, one = the_picture(house), Image.objects.filter(pk=house.image.pk)
    image.tags = ["Rose"]
    changes: dict[str, Callable[[], object]] = {
        "edit": lambda: edit_image(image=image, title="", tags=["Rose"]),
        "tag": lambda: tag_images(images=one, tags=["Rose"], most=9),
        "set": lambda: set_tags(images=one, tags={image.pk: ["Rose"]}),
        "save": lambda: image.save(update_fields=["tags"]),
        "bulk": lambda: Image.objects.bulk_update([image], ["tags"]),
    }

    changes[way]()
    IndexWorker().drain()

    assert found(house, Filters(tags=("rose",))) == [image.pk]
    assert found(house, Filters(without_tags=("ROSE",))) == []
    assert_index_agrees()


def test_tags_go_into_the_trash_and_come_back_with_their_picture(house: House) -> None:
    edit_image(image=house.image, title="", tags=["Rose"])
    IndexWorker().drain()
    trash_images(images=Image.objects.all(), trasher=house.owner)
    assert found(house, Filters(tags=("rose",))) == []
    IndexWorker().drain()
    assert found(house, Filters(tags=("rose",))) == []

    restore_images(images=Image.objects.all())
    IndexWorker().drain()

    assert found(house, Filters(tags=("rose",))) == [house.image.pk]


def test_tags_that_are_no_texts_are_left_out_and_what_is_no_list_fails_alone(house: House) -> None:
    other = put_picture(house.collection, house.owner, "sky.png")
    Image.objects.filter(pk=house.image.pk).update(tags=["Rose", "rose", 7, None, ["x"]])
    Image.objects.filter(pk=other.pk).update(tags={"no": "list"})
    me = uuid.uuid4()
    with ThreadPoolExecutor(1) as pool:
        batch = prepare_batch(jobs=claim_jobs(worker=me, limit=32), encoder=get_encoder(), pool=pool)
        BatchWriter(worker=me, encoder=get_encoder(), index=active_index()).write(batch)

    assert [entry.tags for entry in indexed_entries()] == [(word_key("ROSE"),)]
    assert [(job.image_id, job.attempts) for job in IndexJob.objects.all()] == [(other.pk, 1)]


def test_reindex_check_notices_a_stale_tag(house: House) -> None:
    IndexWorker().drain()
    call_command_and_expect(0)
    Image.objects.filter(pk=house.image.pk).record_index_state(tags=["written behind the index's back"])

    call_command_and_expect(1)


def call_command_and_expect(status: int) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("reindex", "--check")
    assert ended.value.code == status


def test_an_upgrade_takes_the_vectors_over_and_then_forgets_the_older_ones(house: House) -> None:
    other = put_picture(house.collection, house.owner, "sky.png")
    IndexWorker().drain()
    put_index_back_to_version_1(house)
    for image in (house.image, other):
        image.file.storage.delete(image.file_name)  # so that nothing can be encoded anew

    import_module("collections_app.migrations.0003_index_filters").queue_indexed_images(apps, None)
    keep_house()  # keeps what is still needed

    assert set(Image.objects.values_list("index_state", flat=True)) == {IndexState.PENDING}
    IndexWorker().drain()
    assert_index_agrees()
    assert found(house, Filters(formats=("PNG",))) == [house.image.pk, other.pk]
    keep_house()
    assert not active_index().drop_outgrown()


def put_index_back_to_version_1(house: House) -> None:
    index = active_index()
    assert isinstance(index, MilvusIndex)
    vectors = index.vectors(list(Image.objects.values_list("pk", flat=True)))
    store = partial(store_as_version_1, model_key=get_encoder().key, team_id=house.team.pk, vectors=vectors)
    index._connection.run(store)
    index.drop()
