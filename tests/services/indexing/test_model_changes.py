"""Another model: prepared beside the active one, active after the switch, dropped at last."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from collections_app.encoders import ModelSpec, get_encoder
from collections_app.errors import ModelChangeRefused, ModelUnavailable
from collections_app.models import Image, IndexJob, IndexModel, IndexState, ModelState
from collections_app.models.concurrent_writes import write_in_chunks
from collections_app.models.index_job import Priority
from collections_app.services.backup.verifying import verify_index
from collections_app.services.indexing import model_changes
from collections_app.services.indexing.audit import audit_index, queue_differences, queue_rebuild
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.completeness import restore_lost_entries
from collections_app.services.indexing.kept_models import KeptModel, get_active_model, read_kept_models
from collections_app.services.indexing.model_changes import (
    advance_preparation,
    drop_model,
    roll_back_model,
    start_preparing,
    switch_model,
)
from collections_app.services.indexing.model_progress import measure_preparation
from collections_app.services.indexing.model_settings import ensure_active_model, is_named_by_settings
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import claim_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.maintenance import run_maintenance
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from tests.sample_team import SampleTeam, picture_bytes, put_picture, put_pictures
from tests.services.indexing.agreement import assert_index_agrees
from tests.services.indexing.test_worker_faults import ModelWithIndex

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "a blue thing"


def do_not_wait(_seconds: float) -> None:
    pass


def prepare(spec: ModelSpec, machine_percent: int = 100) -> KeptModel:
    return start_preparing(spec, name=spec.source, machine_percent=machine_percent)


def work_once(*, limit: int) -> None:
    """One batch, as a worker does it."""
    worker, models = uuid.uuid4(), read_kept_models()
    batch = prepare_batch(jobs=claim_jobs(worker=worker, limit=limit), models=models)
    BatchWriter(worker=worker, models=models).write(batch)


def finish_preparing() -> None:
    IndexWorker().drain()
    advance_preparation()


def list_states() -> dict[str, str]:
    return dict(IndexModel.objects.values_list("key", "state"))


def find(sample: SampleTeam) -> dict[int, float]:
    """Return the scores of all pictures. Between vectors of two models they would be about 0."""
    request = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    return {each.id: each.score or 0 for each in run_search(request, cutoffs=NO_CUTOFFS).ranked}


def are_equal(found: dict[int, float], expected: dict[int, float]) -> bool:
    """Return whether the same pictures were found by one model: rounding changes scores less."""
    return found.keys() == expected.keys() and all(abs(found[pk] - expected[pk]) < 0.03 for pk in expected)


def test_preparing_indexes_every_picture_beside_the_active_model(indexed: SampleTeam, other: ModelSpec) -> None:
    before = {image.pk: image.index_model_key for image in Image.objects.all()}

    model = prepare(other)

    assert IndexJob.objects.filter(priority=Priority.MODEL_CHANGE).count() == 6
    finish_preparing()
    assert_index_agrees()
    assert list_states() == {get_encoder().key: ModelState.ACTIVE, model.key: ModelState.READY}
    assert {image.pk: image.index_model_key for image in Image.objects.all()} == before


def test_preparing_uses_the_given_share_of_the_machine(indexed: SampleTeam, other: ModelSpec) -> None:
    prepare(other, machine_percent=25)

    assert set(IndexJob.objects.values_list("machine_percent", flat=True)) == {25}


def test_preparing_again_continues(indexed: SampleTeam, other: ModelSpec) -> None:
    first = prepare(other)
    work_once(limit=2)
    IndexJob.objects.all().delete()  # as if it had been killed before it queued them

    again = prepare(other)

    assert again.row.pk == first.row.pk
    assert IndexJob.objects.count() == 4
    assert measure_preparation(again.row).done == 2
    finish_preparing()
    assert_index_agrees()


def test_worker_alone_finishes_an_interrupted_preparation(indexed: SampleTeam, other: ModelSpec) -> None:
    prepare(other)
    IndexJob.objects.all().delete()

    advance_preparation()
    assert IndexJob.objects.count() == 6
    finish_preparing()

    assert ModelState.READY in list_states().values()


def test_progress_says_what_is_left(indexed: SampleTeam, other: ModelSpec) -> None:
    row = prepare(other).row
    assert measure_preparation(row).done == 0
    assert measure_preparation(row).left_s is None
    finish_preparing()

    progress = measure_preparation(row, now=row.created_at + timedelta(seconds=3))

    assert (progress.done, progress.total, progress.pictures_per_s, progress.left_s) == (6, 6, 2, 0)


def test_pictures_that_wait_for_a_model_in_preparation_are_no_differences(
    indexed: SampleTeam, other: ModelSpec
) -> None:
    prepare(other)
    work_once(limit=2)
    place = create_collection(team=indexed.outsider.personal_team, name="Mine", creator=indexed.outsider)
    killed_at, lost = Image.objects.exclude(second_model_key="").order_by("pk")
    Image.objects.filter(pk=killed_at.pk).record_index_state(second_model_key="")  # killed after it stored the vector
    Image.objects.filter(pk=killed_at.pk).update(collection=place)
    active, second = read_kept_models()
    work_once(limit=1)

    reports = [audit_index(model=each, images=Image.objects.all(), covers_all_images=True) for each in (active, second)]

    assert [report.is_consistent for report in reports] == [True, True]
    assert [report.unprepared for report in reports] == [0, 5]
    assert verify_index(deep=True).is_consistent
    second.index.delete([lost.pk])
    assert audit_index(model=second, images=Image.objects.all(), covers_all_images=True).missing == [lost.pk]
    finish_preparing()
    restore_lost_entries()
    finish_preparing()
    assert_index_agrees()


def test_changes_during_and_after_the_preparation_reach_both_models(sample: SampleTeam, other: ModelSpec) -> None:
    put_pictures(sample, 8)
    IndexWorker().drain()
    prepare(other)
    for _state in ("being prepared", "ready"):
        images = list(Image.objects.not_trashed().order_by("pk"))
        put_picture(sample.collection, sample.owner, "new.png", colour=(len(images), 7, 7))
        images[0].delete()
        Image.objects.filter(pk=images[1].pk).update(width=images[1].width + 1)
        Image.objects.all().replace_tags({images[2].pk: ["tag"]})
        trash_images(images=Image.objects.filter(pk__in=[images[3].pk, images[4].pk]), trasher=sample.owner)
        restore_images(images=Image.objects.filter(pk=images[3].pk))
        finish_preparing()
        assert_index_agrees()
    assert ModelState.READY in list_states().values()


def test_a_change_does_not_wait_for_the_model_that_is_being_prepared(indexed: SampleTeam, other: ModelSpec) -> None:
    model = prepare(other, machine_percent=30)
    IndexJob.objects.all().delete()
    fresh = put_picture(indexed.collection, indexed.owner, "fresh.png", colour="green")

    work_once(limit=9)

    fresh.refresh_from_db()
    assert fresh.is_indexed
    assert fresh.second_model_key == ""
    job = IndexJob.objects.get()
    assert (job.image_id, job.priority, job.machine_percent, job.lease) == (fresh.pk, Priority.MODEL_CHANGE, 30, None)
    IndexWorker().drain()
    assert model.index.get_vectors([fresh.pk]).keys() == {fresh.pk}


def test_results_are_those_of_one_model_before_and_after_the_switch_and_the_rollback(ready: SampleTeam) -> None:
    before = find(ready)
    first, second = (each.key for each in read_kept_models())

    assert switch_model().key == second
    assert are_equal(find(ready), before)
    put_picture(ready.collection, ready.owner, "late.png", colour="white")
    IndexWorker().drain()
    assert_index_agrees()
    assert roll_back_model().key == first
    assert len(find(ready)) == len(before) + 1
    assert list_states() == {first: ModelState.ACTIVE, second: ModelState.READY}


def test_concurrent_searches_see_no_switch(ready: SampleTeam) -> None:
    expected, stop = find(ready), threading.Event()

    def search() -> bool:
        """Search some times while the model changes."""
        try:
            return all(are_equal(find(ready), expected) for _ in range(5))
        finally:
            connection.close()

    def change() -> None:
        try:
            while not stop.is_set():
                switch_model()
                roll_back_model()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        changing = pool.submit(change)
        searching = [pool.submit(search) for _ in range(3)]
        try:
            assert all(each.result() for each in searching)
        finally:
            stop.set()
        changing.result()


def test_switch_waits_for_a_complete_index(indexed: SampleTeam, other: ModelSpec) -> None:
    with pytest.raises(ModelChangeRefused, match="No other model is kept"):
        switch_model()
    prepare(other)
    with pytest.raises(ModelChangeRefused, match="still being prepared"):
        switch_model()
    finish_preparing()
    with pytest.raises(ModelChangeRefused, match="was not active before"):
        roll_back_model()
    image = Image.objects.latest("pk")
    Image.objects.filter(pk=image.pk).record_index_state(second_sha256="")
    with pytest.raises(ModelChangeRefused, match="1 pictures have no vector"):
        switch_model(max_wait_s=0)
    assert get_active_model().key == get_encoder().key


def test_dropping_frees_the_index_and_forgets_the_model(
    ready: SampleTeam, other: ModelSpec, settings: Settings
) -> None:
    demo = get_active_model()
    second = switch_model()
    with pytest.raises(ModelChangeRefused, match="is the active model"):
        drop_model(second.name, pause=do_not_wait)
    with pytest.raises(ModelChangeRefused, match="CLIP_MODEL still names demo"):
        drop_model("demo", pause=do_not_wait)
    with pytest.raises(ModelChangeRefused, match="no model nothing"):
        drop_model("nothing", pause=do_not_wait)
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = other.source

    drop_model("demo", pause=do_not_wait)

    assert demo.index.count() == 0
    assert set(Image.objects.values_list("index_model_key", "index_sha256", "vector_checksum")) == {("", "", None)}
    assert len(find(ready)) == 6
    put_picture(ready.collection, ready.owner, "after.png", colour="white")
    IndexWorker().drain()
    assert [model.key for model in read_kept_models()] == [second.key]
    assert_index_agrees()


def test_rebuild_beside_a_preparation_covers_every_picture(indexed: SampleTeam, other: ModelSpec) -> None:
    prepare(other)
    assert not queue_rebuild(), "the jobs of the preparation are no rebuild"
    rebuilt = IndexJob.objects.filter(priority=Priority.REBUILD).values_list("image_id", flat=True)
    assert set(rebuilt) == set(Image.objects.values_list("pk", flat=True))
    finish_preparing()
    assert_index_agrees()


def test_dropping_beside_a_rollback_keeps_a_model_active(
    ready: SampleTeam, other: ModelSpec, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = other.source
    switch_model()

    def roll_back_meanwhile(row: IndexModel) -> bool:
        monkeypatch.undo()
        roll_back_model()
        return is_named_by_settings(row)

    monkeypatch.setattr(model_changes, "is_named_by_settings", roll_back_meanwhile)
    with pytest.raises(ModelChangeRefused, match="Another process is changing the model"):
        drop_model("demo", pause=do_not_wait)
    assert get_active_model().name == "demo"
    assert len(find(ready)) == 6


def test_dropping_keeps_what_a_newer_model_has_stored(
    ready: SampleTeam, other: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Image.objects.latest("pk")

    def store_meanwhile(image_ids: list[int], write: Any) -> Any:
        Image.objects.filter(pk=newer.pk).record_index_state(second_model_key="newer", second_sha256=newer.sha256)
        return write_in_chunks(image_ids, write)

    monkeypatch.setattr(model_changes, "write_in_chunks", store_meanwhile)
    drop_model(other.source, pause=do_not_wait)
    keys = dict(Image.objects.values_list("pk", "second_model_key"))
    assert keys.pop(newer.pk) == "newer"
    assert set(keys.values()) == {""}


def test_a_third_model_takes_the_place_of_the_dropped_one(
    ready: SampleTeam, other: ModelSpec, settings: Settings
) -> None:
    dtype = "float32" if get_encoder().dtype == "bfloat16" else "bfloat16"
    with pytest.raises(ModelChangeRefused, match=r"is kept too\. Drop it first"):
        start_preparing(ModelSpec(source=str(settings.DEMO_MODEL_DIR), dtype=dtype), name="demo")
    switch_model()
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = other.source
    drop_model("demo", pause=do_not_wait)

    back = start_preparing(ModelSpec(source=str(settings.DEMO_MODEL_DIR)), name="demo")
    finish_preparing()

    assert back.row.slot == 1
    assert_index_agrees()
    assert switch_model().name == "demo"


def test_dropping_waits_for_batches_that_may_still_write(ready: SampleTeam, other: ModelSpec) -> None:
    Image.objects.update(width=61)
    worker, models = uuid.uuid4(), read_kept_models()
    batch = prepare_batch(jobs=claim_jobs(worker=worker, limit=9), models=models)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        """The batch ends while the command waits for it."""
        pauses.append(seconds)
        if len(pauses) == 2:
            BatchWriter(worker=worker, models=models).write(batch)

    drop_model(other.source, pause=pause)

    assert len(pauses) == 2
    assert models[1].index.count() == 0
    assert_index_agrees()


def test_late_vectors_of_a_dropped_model_are_deleted(ready: SampleTeam, other: ModelSpec) -> None:
    Image.objects.all().record_index_state(second_sha256="")
    Image.objects.update(width=61)
    worker, models = uuid.uuid4(), read_kept_models()
    batch = prepare_batch(jobs=claim_jobs(worker=worker, limit=9), models=models)
    IndexJob.objects.update(leased_until=timezone.now())
    drop_model(other.source, pause=do_not_wait)
    BatchWriter(worker=worker, models=models).write(batch)
    run_maintenance()
    assert models[1].index.count() == 6  # searches may still use it
    IndexModel.objects.dropped().update(changed_at=timezone.now() - timedelta(minutes=1))

    run_maintenance()

    assert models[1].index.count() == 0
    assert set(Image.objects.values_list("second_model_key", flat=True)) == {""}
    IndexModel.objects.dropped().update(changed_at=timezone.now() - timedelta(days=2))
    run_maintenance()
    assert not IndexModel.objects.dropped().exists()


def test_preparation_can_be_given_up(indexed: SampleTeam, other: ModelSpec) -> None:
    model = prepare(other)

    drop_model(other.source, pause=do_not_wait)

    finish_preparing()
    assert model.index.count() == 0
    assert_index_agrees()


def test_audit_finds_and_repairs_differences_in_each_index(ready: SampleTeam) -> None:
    active, second = read_kept_models()
    vectors = active.index.get_vectors([ready.image.pk])
    second.index.delete([ready.image.pk])

    reports = [
        audit_index(model=model, images=Image.objects.all(), covers_all_images=True) for model in (active, second)
    ]

    assert [report.missing for report in reports] == [[], [ready.image.pk]]
    queue_differences(reports[1])
    ready.image.refresh_from_db()
    assert ready.image.has_vector_of(active.key, active.fields)
    IndexWorker().drain()
    assert_index_agrees()
    assert (active.index.get_vectors([ready.image.pk])[ready.image.pk] == vectors[ready.image.pk]).all()


def test_lost_entries_of_each_index_are_restored(ready: SampleTeam) -> None:
    second = read_kept_models()[1]
    second.index.delete([ready.image.pk])

    assert restore_lost_entries() == 1
    assert Image.objects.indexed().count() == 6  # searches by the active model find all of them
    IndexWorker().drain()

    assert_index_agrees()


def test_damaged_vector_of_the_other_model_is_made_again(ready: SampleTeam) -> None:
    second = read_kept_models()[1]
    second.index.delete([ready.image.pk])
    Image.objects.filter(pk=ready.image.pk).update(width=61)

    IndexWorker().drain()

    assert_index_agrees()


def test_missing_files_of_the_other_model_stop_no_upload(
    ready: SampleTeam, tmp_path: Path, other_folder: Path, settings: Settings
) -> None:
    settings.ENCODER_CLASS = "collections_app.encoders.clip.ClipEncoder"
    row = IndexModel.objects.get(state=ModelState.READY)
    IndexModel.objects.filter(pk=row.pk).update(name=str(tmp_path / "gone"))
    fresh = put_picture(ready.collection, ready.owner, "fresh.png", colour="white")

    work_once(limit=9)

    fresh.refresh_from_db()
    assert fresh.index_state == IndexState.INDEXED
    assert IndexJob.objects.get().run_after > timezone.now() + timedelta(seconds=20)
    with pytest.raises(ModelChangeRefused, match="1 pictures have no vector"):
        switch_model(max_wait_s=0)
    IndexModel.objects.filter(pk=row.pk).update(name=str(other_folder))
    IndexJob.objects.update(run_after=timezone.now())
    IndexWorker().drain()
    assert_index_agrees()


def test_site_that_has_lost_the_files_of_its_model_changes_to_another_one(
    indexed: SampleTeam, other: ModelSpec, settings: Settings, tmp_path: Path
) -> None:
    ensure_active_model()
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = str(tmp_path / "gone")
    IndexModel.objects.update(name=settings.CLIP_MODEL)
    settings.ENCODER_CLASS = "collections_app.encoders.clip.ClipEncoder"
    prepare(other)
    finish_preparing()

    assert switch_model().name == other.source

    assert len(find(indexed)) == 6
    assert_index_agrees()


def test_changed_files_of_a_model_are_refused(ready: SampleTeam) -> None:
    IndexModel.objects.filter(state=ModelState.READY).update(key="rotated@000000000000/float32/00000000")

    with pytest.raises(ModelUnavailable, match="have changed"):
        _ = read_kept_models()[1].encoder


class Killed(BaseException):
    """The process ends."""


class KilledWhileWriting:
    """The real index of a model. Its process is killed before or after it stores vectors."""

    def __init__(self, index: Any, *, after: bool) -> None:
        self._index, self._after = index, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def upsert(self, records: Any) -> None:
        if self._after:
            self._index.upsert(records)
        raise Killed


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("after", [False, True])
def test_killed_batches_lose_nothing_in_either_index(ready: SampleTeam, number: int, after: bool) -> None:
    picture = ready.image
    picture.file.save("other.png", ContentFile(picture_bytes("green")))
    Image.objects.filter(pk=picture.pk).update(sha256="ab" * 32)
    worker, models = uuid.uuid4(), read_kept_models()
    batch = prepare_batch(jobs=claim_jobs(worker=worker, limit=9), models=models)
    models[number] = ModelWithIndex(
        row=models[number].row, faulty=KilledWhileWriting(models[number].index, after=after)
    )
    with pytest.raises(Killed):
        BatchWriter(worker=worker, models=models).write(batch)
    IndexJob.objects.update(leased_until=timezone.now())

    IndexWorker().drain()

    assert_index_agrees()
