"""Filters of a search, and that what they ask for reaches the index with every way of changing it."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command

from collections_app.encoders import get_encoder
from collections_app.index import hash_token
from collections_app.index.milvus import MilvusIndex
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import claim_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.images import edit_image, set_tags, tag_images
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.maintenance import run_maintenance
from collections_app.services.search.filter_terms import FilterContext, FilterTerm
from collections_app.services.search.filters import FILTERS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from collections_app.services.search.retrieval import find_nearest
from collections_app.services.search.text_embeddings import embed_text
from tests.index.schema_version_1 import store_as_version_1
from tests.sample_team import SampleTeam, put_picture
from tests.searches import find_ids
from tests.services.indexing.agreement import assert_index_agrees, indexed_entries

pytestmark = pytest.mark.django_db(transaction=True)


def found(sample: SampleTeam, filters: str) -> list[int]:
    return sorted(find_ids(sample.viewer, f"red {filters}"))


def read_sample_picture(sample: SampleTeam) -> Image:
    return Image.objects.get(pk=sample.image.pk)


def test_filters_match_the_metadata_of_a_picture(sample: SampleTeam) -> None:
    other = put_picture(sample.collection, sample.viewer, "sky.png")
    IndexWorker().drain()

    assert found(sample, "by:me") == [other.pk]
    assert found(sample, "landscape format:png min:60") == [
        sample.image.pk,
        other.pk,
    ]
    assert found(sample, "format:jpeg") == []
    sample.image.format = "NEF raw"
    sample.image.save()
    IndexWorker().drain()
    assert found(sample, "format:raw") == found(sample, "format:nef") == [sample.image.pk]
    assert found(sample, "format:dng") == []
    assert found(sample, "after:1971") == []


@pytest.mark.parametrize(
    ("key", "value", "left"), [("by", "me", 1), ("format", "jpeg", 2), ("is", "landscape", 0), ("min", "9px", 0)]
)
def test_excluded_filter_of_any_kind_holds_in_rows_and_index(
    key: str, value: str, left: int, sample: SampleTeam
) -> None:
    put_picture(sample.collection, sample.viewer, "sky.png")
    IndexWorker().drain()
    request = parse_search_request(user=sample.viewer, parameters={"q": "red"})
    parsed = FILTERS[key].parse(value, FilterContext(sample.viewer, []))
    filters = replace(request.filters, excluded={key: [parsed]})
    rows = filters.apply(request.scope.images, limit=9)
    hits = find_nearest(
        model=get_active_model(),
        scope=request.scope,
        vector=embed_text("red", model=get_active_model()),
        conditions=filters.conditions,
    )
    assert {row.pk for row in rows} == {hit.id for hit in hits}
    assert len(hits) == left


@pytest.mark.parametrize(
    "tag",
    ["Straße", "snow / ice", "+++", "犬", "柴犬", "ᾼδης", "ᲀода", "don't", "★ 5", "a" * 300],
)
def test_search_for_a_tag_alone_finds_exactly_its_pictures(tag: str, sample: SampleTeam) -> None:
    spellings = [tag, tag.casefold(), tag.upper(), f"{tag} more", tag[:-1]]
    tags = {
        put_picture(sample.collection, sample.viewer, f"{number}.png", (number, 9, 9)).pk: ["other", spelling]
        for number, spelling in enumerate(spellings)
    }
    set_tags(images=Image.objects.all(), tags=tags)
    request = parse_search_request(user=sample.viewer, parameters={"q": str(FilterTerm(key="tag", value=tag))})
    assert not request.problems
    expected = {pk for pk, (_, spelling) in tags.items() if spelling.casefold() == tag.casefold()}
    assert {each.id for each in run_search(request).ranked} == expected
    assert len(expected) == 3


@pytest.mark.parametrize("way", ["edit", "tag", "set", "save", "bulk"])
def test_a_changed_tag_reaches_the_index_without_encoding(sample: SampleTeam, way: str) -> None:
    IndexWorker().drain()
    sample.image.file.storage.delete(sample.image.file_name)  # so that nothing can be encoded again
    image, one = read_sample_picture(sample), Image.objects.filter(pk=sample.image.pk)
    image.tags = ["Rose"]
    changes: dict[str, Callable[[], object]] = {
        "edit": lambda: edit_image(image=image, title="", tags=["Rose"]),
        "tag": lambda: tag_images(images=one, tags=["Rose"], max_tags=9),
        "set": lambda: set_tags(images=one, tags={image.pk: ["Rose"]}),
        "save": lambda: image.save(update_fields=["tags"]),
        "bulk": lambda: Image.objects.bulk_update([image], ["tags"]),
    }

    changes[way]()
    IndexWorker().drain()

    assert found(sample, "tag:rose") == [image.pk]
    assert found(sample, "-tag:ROSE") == []
    assert_index_agrees()


def test_tags_are_trashed_and_restored_with_their_picture(sample: SampleTeam) -> None:
    edit_image(image=sample.image, title="", tags=["Rose"])
    IndexWorker().drain()
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    assert found(sample, "tag:rose") == []
    IndexWorker().drain()
    assert found(sample, "tag:rose") == []

    restore_images(images=Image.objects.all())
    IndexWorker().drain()

    assert found(sample, "tag:rose") == [sample.image.pk]


def test_invalid_tags_are_dropped_and_an_invalid_list_fails_alone(sample: SampleTeam) -> None:
    other = put_picture(sample.collection, sample.owner, "sky.png")
    Image.objects.filter(pk=sample.image.pk).update(tags=["Rose", "rose", 7, None, ["x"]])
    Image.objects.filter(pk=other.pk).update(tags={"no": "list"})
    me = uuid.uuid4()
    batch = prepare_batch(jobs=claim_jobs(worker=me, limit=32), models=[get_active_model()])
    BatchWriter(worker=me, models=[get_active_model()]).write(batch)

    assert [entry.tags for entry in indexed_entries()] == [(hash_token("ROSE"),)]
    assert [(job.image_id, job.attempts) for job in IndexJob.objects.all()] == [(other.pk, 1)]


def test_reindex_check_notices_a_stale_tag(sample: SampleTeam) -> None:
    IndexWorker().drain()
    call_command_and_expect(0)
    Image.objects.filter(pk=sample.image.pk).record_index_state(tags=["written behind the index's back"])

    call_command_and_expect(1)


def call_command_and_expect(status: int) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("reindex", "--check")
    assert ended.value.code == status


def test_upgrade_copies_the_vectors_and_drops_the_older_ones(sample: SampleTeam) -> None:
    other = put_picture(sample.collection, sample.owner, "sky.png")
    IndexWorker().drain()
    put_index_back_to_version_1(sample)
    for image in (sample.image, other):
        image.file.storage.delete(image.file_name)  # so that nothing can be encoded again

    import_module("collections_app.migrations.0003_index_filters").queue_indexed_images(apps, None)
    run_maintenance()  # keeps what is still needed

    assert set(Image.objects.values_list("index_state", flat=True)) == {IndexState.PENDING}
    IndexWorker().drain()
    assert_index_agrees()
    assert found(sample, "format:png") == [sample.image.pk, other.pk]
    run_maintenance()
    assert not get_active_model().index.drop_superseded()


def put_index_back_to_version_1(sample: SampleTeam) -> None:
    index = get_active_model().index
    assert isinstance(index, MilvusIndex)
    vectors = index.get_vectors(list(Image.objects.values_list("pk", flat=True)))
    store = partial(store_as_version_1, model_key=get_encoder().key, team_id=sample.team.pk, vectors=vectors)
    index._connection.run(store)
    index.drop()
