"""A model beside the active one that cannot encode some pictures: searches find them until the switch."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from safetensors.numpy import load_file, save_file

from collections_app.encoders import ModelSpec
from collections_app.errors import ModelChangeRefused
from collections_app.models import Image, IndexJob, IndexState, ModelState
from collections_app.models.index_job import Priority
from collections_app.services.indexing.audit import audit_index
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.kept_models import get_active_model, read_kept_models
from collections_app.services.indexing.model_changes import (
    advance_preparation,
    drop_model,
    record_unsearchable,
    roll_back_model,
    switch_model,
)
from collections_app.services.indexing.model_progress import measure_preparation
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import MAX_ATTEMPTS, claim_jobs, keep_jobs, retry_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, put_picture
from tests.services.indexing.agreement import assert_index_agrees, expected_entries, indexed_entries
from tests.services.indexing.test_model_changes import do_not_wait, find, list_states, prepare, work_once
from tests.services.indexing.test_worker_faults import IndexRefusingTeam, ModelWithIndex

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def damaged(other_folder: Path, tmp_path: Path) -> ModelSpec:
    """A model that encodes words, but returns no number for a picture."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    for file in other_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    weights["visual_projection.weight"] = weights["visual_projection.weight"] * float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return ModelSpec(source=str(folder))


@pytest.fixture
def lost_file(indexed: SampleTeam, other: ModelSpec) -> bytes:
    """The bytes of the sample picture's file. It is gone before the other model can encode it."""
    with default_storage.open(indexed.image.file_name) as file:
        content = bytes(file.read())
    default_storage.delete(indexed.image.file_name)
    prepare(other)
    make_last_attempt()
    return content


def make_last_attempt() -> None:
    IndexJob.objects.update(attempts=MAX_ATTEMPTS - 1)
    IndexWorker().drain()
    advance_preparation()


def list_consistency() -> list[bool]:
    models = read_kept_models()
    return [
        audit_index(model=each, images=Image.objects.all(), covers_all_images=True).is_consistent for each in models
    ]


def test_model_that_encodes_nothing_takes_no_picture_out_of_searches(indexed: SampleTeam, damaged: ModelSpec) -> None:
    model = prepare(damaged)
    work_once(limit=9)
    assert set(IndexJob.objects.values_list("attempts", "is_failed")) == {(1, False)}
    make_last_attempt()

    assert set(Image.objects.values_list("index_state", "index_error")) == {(IndexState.INDEXED, "")}
    assert len(find(indexed)) == 6
    progress = measure_preparation(model.row)
    assert (progress.done, progress.failed, progress.total) == (0, 6, 6)
    assert "no usable numbers" in IndexJob.objects.values_list("error", flat=True)[0]
    assert list_consistency() == [True, True]
    with pytest.raises(ModelChangeRefused, match="could not encode 6 pictures"):
        switch_model()
    advance_preparation()
    assert not IndexJob.objects.waiting().exists()
    assert prepare(damaged).row.pk == model.row.pk
    assert IndexJob.objects.waiting().count() == 6
    make_last_attempt()
    drop_model(model.name, pause=do_not_wait)
    IndexWorker().drain()
    assert not IndexJob.objects.exists()
    assert_index_agrees()


def test_new_picture_becomes_searchable_beside_a_model_that_cannot_encode_it(
    indexed: SampleTeam, damaged: ModelSpec
) -> None:
    prepare(damaged)
    make_last_attempt()
    assert ModelState.READY in list_states().values()
    fresh = put_picture(indexed.collection, indexed.owner, "fresh.png", colour="white")

    work_once(limit=9)

    fresh.refresh_from_db()
    assert (fresh.index_state, fresh.second_model_key) == (IndexState.INDEXED, "")
    job = IndexJob.objects.get(image_id=fresh.pk)
    assert (job.priority, job.attempts, job.lease, job.is_failed) == (Priority.MODEL_CHANGE, 1, None, False)
    make_last_attempt()
    assert len(find(indexed)) == 7
    assert list_consistency() == [True, True]


def test_switch_without_the_failed_pictures_says_why_they_are_not_found(indexed: SampleTeam, lost_file: bytes) -> None:
    picture = indexed.image
    assert len(find(indexed)) == 6
    with pytest.raises(ModelChangeRefused, match="could not encode 1 pictures"):
        switch_model()

    switch_model(skips_failed=True)

    picture.refresh_from_db()
    assert picture.index_state == IndexState.FAILED
    assert "missing from the storage" in picture.index_error
    assert set(find(indexed)) == set(Image.objects.exclude(pk=picture.pk).values_list("pk", flat=True))
    default_storage.save(picture.file_name, ContentFile(lost_file))
    retry_jobs(jobs=IndexJob.objects.failed())
    IndexWorker().drain()
    assert_index_agrees()
    assert len(find(indexed)) == 6


def test_rollback_finds_the_pictures_that_only_the_other_model_could_not_encode(
    indexed: SampleTeam, lost_file: bytes
) -> None:
    switch_model(skips_failed=True)
    assert len(find(indexed)) == 5

    roll_back_model()
    IndexWorker().drain()

    assert len(find(indexed)) == 6
    assert set(Image.objects.values_list("index_state", "index_error")) == {(IndexState.INDEXED, "")}


def test_switch_that_was_killed_is_finished_by_the_next_worker(indexed: SampleTeam, lost_file: bytes) -> None:
    switch_model(skips_failed=True)
    Image.objects.failed().record_index_state(index_state=IndexState.INDEXED, index_error="")  # as it was until then

    record_unsearchable()

    indexed.image.refresh_from_db()
    assert indexed.image.index_state == IndexState.FAILED


def test_edit_of_a_picture_that_the_other_model_cannot_encode_reaches_the_active_one(
    indexed: SampleTeam, lost_file: bytes
) -> None:
    place = create_collection(team=indexed.outsider.personal_team, name="Mine", creator=indexed.outsider)
    Image.objects.filter(pk=indexed.image.pk).update(collection=place)

    IndexJob.objects.filter(is_failed=False).update(attempts=MAX_ATTEMPTS - 1)
    IndexWorker().drain()

    indexed.image.refresh_from_db()
    assert indexed.image.index_state == IndexState.INDEXED
    assert indexed_entries(get_active_model().index) == expected_entries()
    assert list_consistency() == [True, True]


def test_index_of_the_other_model_that_refuses_a_move_keeps_the_picture_searchable(
    ready: SampleTeam,
) -> None:
    place = create_collection(team=ready.outsider.personal_team, name="Mine", creator=ready.outsider)
    Image.objects.filter(pk=ready.image.pk).update(collection=place)
    worker, models = uuid.uuid4(), read_kept_models()
    full: Any = IndexRefusingTeam(ready.outsider.personal_team.pk, models[1].index)
    models[1] = ModelWithIndex(row=models[1].row, faulty=full)
    batch = prepare_batch(jobs=claim_jobs(worker=worker, limit=9), models=models)
    BatchWriter(worker=worker, models=models).write(batch)

    assert indexed_entries(get_active_model().index) == expected_entries()
    with pytest.raises(ModelChangeRefused, match="1 pictures have no vector"):
        switch_model(max_wait_s=0)
    IndexJob.objects.update(run_after=timezone.now())
    IndexWorker().drain()
    assert_index_agrees()


def test_worker_that_lacks_the_files_of_the_model_does_not_reset_the_attempts(
    indexed: SampleTeam, damaged: ModelSpec
) -> None:
    prepare(damaged)
    IndexJob.objects.exclude(image_id=indexed.image.pk).delete()
    worker, models = uuid.uuid4(), read_kept_models()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        IndexJob.objects.update(run_after=timezone.now())
        work_once(limit=9)
        assert IndexJob.objects.get().attempts == attempt
        IndexJob.objects.update(run_after=timezone.now())
        jobs = claim_jobs(worker=worker, limit=9)
        keep_jobs(worker=worker, jobs=jobs, models=(models[0].row, models[1].row), is_unavailable=True)
    assert IndexJob.objects.get().is_failed
