"""A model beside the active one that cannot encode some pictures: searches find them until the switch."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from safetensors.numpy import load_file, save_file

from collections_app.encoders import ModelSpec
from collections_app.errors import ModelChangeRefused
from collections_app.models import Image, IndexJob, IndexState, ModelState
from collections_app.models.index_job import Priority
from collections_app.services.indexing.audit import audit_index
from collections_app.services.indexing.completeness import restore_lost_entries
from collections_app.services.indexing.kept_models import read_kept_models
from collections_app.services.indexing.model_changes import (
    advance_preparation,
    count_failed_jobs,
    drop_model,
    roll_back_model,
    switch_model,
)
from collections_app.services.indexing.queue import MAX_ATTEMPTS, retry_jobs
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_picture
from tests.services.indexing.agreement import assert_index_agrees
from tests.services.indexing.test_model_changes import do_not_wait, find, list_states, prepare, work_once

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
    try_for_the_last_time()
    return content


def try_for_the_last_time() -> None:
    IndexJob.objects.update(attempts=MAX_ATTEMPTS - 1)
    IndexWorker().drain()
    advance_preparation()


def are_consistent() -> list[bool]:
    models = read_kept_models()
    return [
        audit_index(model=each, images=Image.objects.all(), covers_all_images=True).is_consistent for each in models
    ]


def test_model_that_encodes_nothing_takes_no_picture_out_of_searches(indexed: SampleTeam, damaged: ModelSpec) -> None:
    model = prepare(damaged)
    work_once(limit=9)
    assert set(IndexJob.objects.values_list("attempts", "is_failed")) == {(1, False)}
    try_for_the_last_time()

    assert set(Image.objects.values_list("index_state", "index_error")) == {(IndexState.INDEXED, "")}
    assert len(find(indexed)) == 6
    assert count_failed_jobs() == 6
    assert "no usable numbers" in IndexJob.objects.values_list("error", flat=True)[0]
    assert are_consistent() == [True, True]
    with pytest.raises(ModelChangeRefused, match="could not encode 6 pictures"):
        switch_model()
    advance_preparation()
    assert not IndexJob.objects.waiting().exists()
    assert prepare(damaged).row.pk == model.row.pk
    assert IndexJob.objects.waiting().count() == 6
    try_for_the_last_time()
    drop_model(model.name, pause=do_not_wait)
    IndexWorker().drain()
    assert not IndexJob.objects.exists()
    assert_index_agrees()


def test_new_picture_becomes_searchable_beside_a_model_that_cannot_encode_it(
    indexed: SampleTeam, damaged: ModelSpec
) -> None:
    prepare(damaged)
    try_for_the_last_time()
    assert ModelState.READY in list_states().values()
    fresh = put_picture(indexed.collection, indexed.owner, "fresh.png", colour="white")

    work_once(limit=9)

    fresh.refresh_from_db()
    assert (fresh.index_state, fresh.second_model_key) == (IndexState.INDEXED, "")
    job = IndexJob.objects.get(image_id=fresh.pk)
    assert (job.priority, job.attempts, job.lease, job.is_failed) == (Priority.MODEL_CHANGE, 1, None, False)
    try_for_the_last_time()
    assert len(find(indexed)) == 7
    assert are_consistent() == [True, True]


def test_switch_without_the_failed_pictures_says_why_they_are_not_found(indexed: SampleTeam, lost_file: bytes) -> None:
    picture = indexed.image
    assert len(find(indexed)) == 6
    with pytest.raises(ModelChangeRefused, match="could not encode 1 pictures"):
        switch_model()

    switch_model(without_failed=True)

    picture.refresh_from_db()
    assert picture.index_state == IndexState.FAILED
    assert "missing from the storage" in picture.index_error
    assert set(find(indexed)) == set(Image.objects.exclude(pk=picture.pk).values_list("pk", flat=True))
    default_storage.save(picture.file_name, ContentFile(lost_file))
    retry_jobs(jobs=IndexJob.objects.failed())
    IndexWorker().drain()
    assert_index_agrees()
    assert len(find(indexed)) == 6
    roll_back_model()
    assert len(find(indexed)) == 6


def test_switch_that_was_killed_is_finished_by_the_next_worker(
    indexed: SampleTeam, lost_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collections_app.services.indexing.model_changes._record_failed", lambda _ids: None)
    switch_model(without_failed=True)

    restore_lost_entries()
    try_for_the_last_time()

    indexed.image.refresh_from_db()
    assert indexed.image.index_state == IndexState.FAILED
