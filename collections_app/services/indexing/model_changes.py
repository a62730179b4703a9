"""Changing the model: preparing another one beside the active one, switching, rolling back, dropping.

At most two models are kept. Vectors of a READY or PREVIOUS model are written in the same batches as those of the active
one, so a switch or a rollback changes two rows, and the state of images that only one of the two models could encode.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from collections_app.encoders import ModelSpec, make_encoder
from collections_app.errors import ModelChangeRefused
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, IndexJob, IndexModel, IndexState, ModelState
from collections_app.models.concurrent_writes import split_into_chunks, write_in_chunks
from collections_app.models.index_job import Priority
from collections_app.services.indexing.kept_models import KeptModel, get_active_model, read_kept_models
from collections_app.services.indexing.model_progress import find_failed_changes
from collections_app.services.indexing.model_settings import ensure_active_model, is_named_by_settings
from collections_app.services.indexing.queue import retry_jobs

log = logging.getLogger(__name__)

_POLL_S = 0.5
# Searches that have read the models before the drop may still run.
LONGEST_SEARCH_S = 15.0
# How long a worker that was stopped may still write vectors of a dropped model.
_LATE_VECTORS = timedelta(days=1)


def start_preparing(spec: ModelSpec, *, name: str, machine_percent: int = 100) -> KeptModel:
    """Keep another model beside the active one, and queue the pictures that it has not encoded yet.

    Calling it again continues, and tries pictures again that it could not encode. Raises ModelChangeRefused if another
    model than these two is kept, and EncoderError.
    """
    active = ensure_active_model()
    encoder = make_encoder(replace(spec, dtype=make_encoder(spec).dtype))  # the one that the stored row will name
    encoder.encode_texts(["a picture"])
    if encoder.key == active.key:
        raise ModelChangeRefused(_("%(name)s is the active model already."), name=name)
    described = IndexModel(
        name=name,
        revision=spec.revision,
        dtype=encoder.dtype,
        key=encoder.key,
        dim=encoder.dim,
        slot=3 - active.row.slot,
        state=ModelState.PREPARING,
        machine_percent=machine_percent,
    )
    row = _keep_model(described)
    if row.machine_percent != machine_percent:
        IndexModel.objects.filter(pk=row.pk).update(machine_percent=machine_percent)
        row.machine_percent = machine_percent
    model = KeptModel(row=row)
    retry_jobs(jobs=IndexJob.objects.failed_model_changes())
    _queue_lacking(model)
    return model


def advance_preparation() -> None:
    """Queue what a model in preparation still lacks, and make it READY when it lacks nothing. The worker calls this.

    Pictures that failed do not count: searches by this model do not find them.
    """
    for model in read_kept_models():
        if model.is_being_prepared and not IndexJob.objects.waiting().filter(priority__gte=Priority.REBUILD).exists():
            _queue_lacking(model)
            lacking = Image.objects.lacking_vectors(model.key, model.fields)
            if not lacking.without_failed_model_change().exists():
                preparing = IndexModel.objects.filter(pk=model.row.pk, state=ModelState.PREPARING)
                preparing.update(state=ModelState.READY, changed_at=timezone.now())
                log.info("The model %s is ready.", model.name)


def switch_model(*, max_wait_s: float = 60.0, skips_failed: bool = False) -> KeptModel:
    """Make the other model active for all processes at once; return it.

    Wait up to `max_wait_s` for pictures that it has not encoded yet. `skips_failed`: change although it could not
    encode some pictures. Searches then do not find them. Raises ModelChangeRefused.
    """
    advance_preparation()
    return _activate(_find_other(ModelState.READY), ModelState.PREVIOUS, max_wait_s, skips_failed)


def roll_back_model(*, max_wait_s: float = 60.0, skips_failed: bool = False) -> KeptModel:
    """Make the model active again that was active before the switch; return it. See `switch_model`."""
    return _activate(_find_other(ModelState.PREVIOUS), ModelState.READY, max_wait_s, skips_failed)


def drop_model(name: str, *, pause: Callable[[float], object] = time.sleep) -> str:
    """Delete the vectors of a model that is not active; return its name. Calling it again continues.

    Raises ModelChangeRefused and IndexUnavailable.
    """
    active = ensure_active_model()
    row = _find_row(name)
    if row.pk == active.row.pk:
        raise ModelChangeRefused(_("%(name)s is the active model. Switch to another model first."), name=row.name)
    if is_named_by_settings(row) and not is_named_by_settings(active.row):
        sentence = _(
            "CLIP_MODEL still names %(name)s, so the site would not start without it. Change CLIP_MODEL first."
        )
        raise ModelChangeRefused(sentence, name=row.name)
    if row.state != ModelState.DROPPED:
        unchanged = IndexModel.objects.filter(pk=row.pk, state=row.state)
        if not unchanged.update(state=ModelState.DROPPED, changed_at=timezone.now()):
            raise ModelChangeRefused(_("Another process is changing the model. Try again."))
        _wait_for_earlier_use(pause)
    _delete_vectors(row)
    return row.name


def drop_late_vectors() -> None:
    """Delete what interrupted workers have stored for dropped models since, and forget these models after a day.

    Also continues a `drop_model` that was interrupted.
    """
    now = timezone.now()
    for row in IndexModel.objects.dropped().filter(changed_at__lt=now - timedelta(seconds=LONGEST_SEARCH_S)):
        _delete_vectors(row)
        if row.changed_at < now - _LATE_VECTORS:
            row.delete()


def _keep_model(described: IndexModel) -> IndexModel:
    """Store the model unless it is kept already. The images of a dropped model have no vectors of it."""
    existing = IndexModel.objects.filter(key=described.key).first()
    if existing and existing.state != ModelState.DROPPED:
        return existing
    others = IndexModel.objects.kept().exclude(state=ModelState.ACTIVE)
    if other := others.first():
        sentence = _("The model %(name)s is kept too. Drop it first: manage.py model drop %(name)s")
        raise ModelChangeRefused(sentence, name=other.name)
    if existing:
        drop_model(existing.key)
    try:
        with transaction.atomic():
            IndexModel.objects.filter(key=described.key).delete()
            described.save()
    except IntegrityError as error:
        raise ModelChangeRefused(_("Another process is changing the model. Try again.")) from error
    return described


def _queue_lacking(model: KeptModel) -> None:
    """Queue the pictures that the model has not encoded yet and that have no job, in the order of their ids."""
    lacking = Image.objects.lacking_vectors(model.key, model.fields).without_failed_model_change()
    for chunk in split_into_chunks(list(lacking.without_waiting_job().order_by("pk").values_list("pk", flat=True))):
        with transaction.atomic():
            IndexJob.objects.enqueue(chunk, priority=Priority.MODEL_CHANGE)
            IndexJob.objects.filter(image_id__in=chunk).update(machine_percent=model.row.machine_percent)


def _find_other(state: ModelState) -> IndexModel:
    """Return the kept model that is not active. Raises ModelChangeRefused unless it has this state."""
    other = next((each.row for each in read_kept_models() if not each.is_active), None)
    if other is None:
        raise ModelChangeRefused(_("No other model is kept. Prepare one first: manage.py model prepare NAME"))
    if other.state == ModelState.PREPARING:
        raise ModelChangeRefused(_("The model %(name)s is still being prepared."), name=other.name)
    if other.state != state:
        sentence = (
            _("%(name)s was active before. Go back to it with manage.py model rollback.")
            if other.state == ModelState.PREVIOUS
            else _("%(name)s was not active before. Change to it with manage.py model switch.")
        )
        raise ModelChangeRefused(sentence, name=other.name)
    return other


def _activate(other: IndexModel, former_state: ModelState, max_wait_s: float, skips_failed: bool) -> KeptModel:
    lacking = Image.objects.lacking_vectors(other.key, other.fields)
    waiting = lacking.without_failed_model_change()
    deadline = time.monotonic() + max_wait_s
    while count := waiting.count():
        if time.monotonic() >= deadline:
            sentence = _("%(count)s pictures have no vector of %(name)s yet. Let the index worker run and try again.")
            raise ModelChangeRefused(sentence, count=count, name=other.name)
        time.sleep(_POLL_S)
    if (count := lacking.count()) and not skips_failed:
        sentence = _(
            "%(name)s could not encode %(count)s pictures, so searches would no longer find them. To try again, repeat "
            "the command that prepared it. To change the model nevertheless, add --skip-failed."
        )
        raise ModelChangeRefused(sentence, count=count, name=other.name)
    now = timezone.now()
    with transaction.atomic():
        locked = {row.pk: row for row in IndexModel.objects.kept().select_for_update()}
        if other.pk not in locked or locked[other.pk].state != other.state:
            raise ModelChangeRefused(_("Another process is changing the model. Try again."))
        IndexModel.objects.active().update(state=former_state, changed_at=now)
        IndexModel.objects.filter(pk=other.pk).update(state=ModelState.ACTIVE, changed_at=now)
    record_unsearchable()
    encoded = Image.objects.failed().with_vector_of(other.key, other.fields)
    for chunk in split_into_chunks(list(encoded.values_list("pk", flat=True))):
        retry_jobs(jobs=IndexJob.objects.failed().filter(image_id__in=chunk))
    return get_active_model()


def record_unsearchable() -> None:
    """Record that searches do not find the images that the active model could not encode before it was active.

    The worker calls this too, in case a switch was killed.
    """
    active = get_active_model()
    failed = find_failed_changes(active.row).values_list("image_id", flat=True)
    for _done in write_in_chunks(list(failed), partial(_record_unsearchable, active)):
        pass


def _record_unsearchable(active: KeptModel, image_ids: list[int]) -> None:
    reason = Subquery(IndexJob.objects.filter(image_id=OuterRef("pk")).values("error"))
    images = Image.objects.filter(pk__in=image_ids).lacking_vectors(active.key, active.fields)
    images.record_index_state(index_state=IndexState.FAILED, index_error=reason)


def _find_row(name: str) -> IndexModel:
    rows = [row for row in IndexModel.objects.order_by("pk") if name in (row.name, row.key)]
    rows = [row for row in rows if row.state not in (ModelState.DROPPED, ModelState.ACTIVE)] or rows
    if not rows:
        sentence = _("There is no model %(name)s here. manage.py model show lists those that are kept.")
        raise ModelChangeRefused(sentence, name=name)
    if len(rows) > 1:
        sentence = _("Several models are called %(name)s. Write the key: %(keys)s")
        raise ModelChangeRefused(sentence, name=name, keys=", ".join(row.key for row in rows))
    return rows[0]


def _list_leases() -> set[tuple[int, uuid.UUID | None]]:
    return set(IndexJob.objects.filter(leased_until__gt=timezone.now()).values_list("pk", "lease"))


def _wait_for_earlier_use(pause: Callable[[float], object]) -> None:
    """Wait until the searches and batches have ended that may use a model that was kept when they began."""
    leases = _list_leases()
    pause(LONGEST_SEARCH_S)
    while leases & _list_leases():
        pause(_POLL_S)


def _delete_vectors(row: IndexModel) -> None:
    """Forget the model in all images that name it, delete the jobs that failed for it alone, and delete its index."""
    images = Image.objects.encoded_by(row.key, row.fields).order_by("pk")
    active = get_active_model()
    for _done in write_in_chunks(list(images.values_list("pk", flat=True)), partial(_clear_chunk, row, active)):
        pass
    done = Image.objects.filter(pk=OuterRef("image_id")).indexed().with_vector_of(active.key, active.fields)
    failed = IndexJob.objects.failed_model_changes().filter(Exists(done)).order_by("pk")
    for _done in write_in_chunks(list(failed.values_list("pk", flat=True)), _delete_jobs):
        pass
    index = KeptModel(row=row).index
    index.drop()
    index.drop_superseded()


def _clear_chunk(row: IndexModel, active: KeptModel, image_ids: list[int]) -> None:
    """Images that the active model has not encoded yet wait for it.

    A model that is being prepared already may have taken the fields of some images.
    """
    fields = row.fields
    images = Image.objects.filter(pk__in=image_ids).encoded_by(row.key, fields)
    images.lacking_vectors(active.key, active.fields).record_index_state(index_state=IndexState.PENDING)
    images.record_index_state(**fields.empty)


def _delete_jobs(job_ids: list[int]) -> None:
    IndexJob.objects.failed_model_changes().filter(pk__in=job_ids).delete()
