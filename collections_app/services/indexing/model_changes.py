"""Changing the model: preparing another one beside the active one, switching, rolling back, dropping.

At most two models are kept. Vectors of a READY or PREVIOUS model are written in the same batches as those of the active
one, so a switch or a rollback changes two rows and nothing else.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from collections_app.encoders import ModelSpec, make_encoder
from collections_app.errors import ModelChangeRefused
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, ImageTotal, IndexJob, IndexModel, IndexState, ModelState
from collections_app.models.concurrent_writes import split_into_chunks, write_in_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.index_job import Priority
from collections_app.services.indexing.kept_models import KeptModel, get_active_model, read_kept_models
from collections_app.services.indexing.model_settings import ensure_active_model, is_named_by_settings
from collections_app.services.indexing.queue import retry_jobs

log = logging.getLogger(__name__)

_POLL_S = 0.5
# Searches that have read the models before the drop may still run.
LONGEST_SEARCH_S = 15.0
# How long a worker that was stopped may still write vectors of a dropped model.
_LATE_VECTORS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How many of the searchable pictures a model has encoded, and the rate since its preparation began.

    Vectors that are out of date count as encoded.
    """

    done: int
    total: int
    pictures_per_s: float

    @property
    def left_s(self) -> float | None:
        """The time left at that rate, or None while there is none."""
        return (self.total - self.done) / self.pictures_per_s if self.pictures_per_s else None


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
    _retry_failed()
    _queue_lacking(model)
    return model


def advance_preparation() -> None:
    """Queue what a model in preparation still lacks, and make it READY when it lacks nothing. The worker calls this.

    Pictures that failed do not count: searches by this model do not find them.
    """
    for model in read_kept_models():
        if model.is_being_prepared and not IndexJob.objects.waiting().filter(priority__gte=Priority.REBUILD).exists():
            _queue_lacking(model)
            if not _filter_waiting(Image.objects.lacking_vectors(model.key, model.fields)).exists():
                preparing = IndexModel.objects.filter(pk=model.row.pk, state=ModelState.PREPARING)
                preparing.update(state=ModelState.READY, changed_at=timezone.now())
                log.info("The model %s is ready.", model.name)


def measure_preparation(row: IndexModel, *, now: datetime | None = None) -> Preparation:
    done, total = ImageTotal.objects.sum_encoded(row.key, row.fields)
    elapsed_s = ((now or timezone.now()) - row.created_at).total_seconds()
    return Preparation(done=done, total=total, pictures_per_s=done / elapsed_s if elapsed_s > 0 else 0)


def switch_model(*, max_wait_s: float = 60.0, without_failed: bool = False) -> KeptModel:
    """Make the other model active for all processes at once; return it.

    Wait up to `max_wait_s` for pictures that it has not encoded yet. `without_failed`: change although it could not
    encode some pictures, which searches then no longer find. Raises ModelChangeRefused.
    """
    advance_preparation()
    return _activate(_find_other(ModelState.READY), ModelState.PREVIOUS, max_wait_s, without_failed)


def roll_back_model(*, max_wait_s: float = 60.0, without_failed: bool = False) -> KeptModel:
    """Make the model active again that was active before the switch; return it. See `switch_model`."""
    return _activate(_find_other(ModelState.PREVIOUS), ModelState.READY, max_wait_s, without_failed)


def count_failed_jobs() -> int:
    """Return how many pictures the model that is not active could not encode."""
    return IndexJob.objects.failed().filter(priority=Priority.MODEL_CHANGE).count()


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
    _retry_failed()  # nothing is left to do for them
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
    """Queue the pictures that the model has not encoded and that have no job, in the order of their ids."""
    lacking = Image.objects.lacking_vectors(model.key, model.fields).without_job()
    for chunk in split_into_chunks(list(lacking.order_by("pk").values_list("pk", flat=True))):
        with transaction.atomic():
            IndexJob.objects.enqueue(chunk, priority=Priority.MODEL_CHANGE)
            IndexJob.objects.filter(image_id__in=chunk).update(machine_percent=model.row.machine_percent)


def _retry_failed() -> None:
    retry_jobs(jobs=IndexJob.objects.failed().filter(priority=Priority.MODEL_CHANGE))


def _filter_waiting(lacking: ImageQuerySet) -> ImageQuerySet:
    """Return the images without those that the model could not encode."""
    return lacking.exclude(pk__in=lacking.with_failed_job().values("pk"))


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


def _activate(other: IndexModel, former_state: ModelState, max_wait_s: float, without_failed: bool) -> KeptModel:
    lacking = Image.objects.lacking_vectors(other.key, other.fields)
    waiting = _filter_waiting(lacking)
    deadline = time.monotonic() + max_wait_s
    while count := waiting.count():
        if time.monotonic() >= deadline:
            sentence = _("%(count)s pictures have no vector of %(name)s yet. Let the index worker run and try again.")
            raise ModelChangeRefused(sentence, count=count, name=other.name)
        time.sleep(_POLL_S)
    if (count := lacking.count()) and not without_failed:
        sentence = _(
            "%(name)s could not encode %(count)s pictures, so searches would no longer find them. Try them again: "
            "manage.py model prepare %(name)s. Or change the model without them: --without-failed"
        )
        raise ModelChangeRefused(sentence, count=count, name=other.name)
    now = timezone.now()
    with transaction.atomic():
        locked = {row.pk: row for row in IndexModel.objects.kept().select_for_update()}
        if other.pk not in locked or locked[other.pk].state != other.state:
            raise ModelChangeRefused(_("Another process is changing the model. Try again."))
        IndexModel.objects.active().update(state=former_state, changed_at=now)
        IndexModel.objects.filter(pk=other.pk).update(state=ModelState.ACTIVE, changed_at=now)
    for _done in write_in_chunks(list(lacking.values_list("pk", flat=True)), _record_failed):
        pass
    return get_active_model()


def _record_failed(image_ids: list[int]) -> None:
    """Record that searches do not find these images. A worker that starts finds those that an interruption left out."""
    reason = Subquery(IndexJob.objects.filter(image_id=OuterRef("pk")).values("error")[:1])
    failed = Image.objects.filter(pk__in=image_ids).indexed().with_failed_job()
    failed.record_index_state(index_state=IndexState.FAILED, index_error=reason)


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
    """Forget the model in all images that name it, and delete its index."""
    images = Image.objects.encoded_by(row.key, row.fields).order_by("pk")
    active = get_active_model()
    for _done in write_in_chunks(list(images.values_list("pk", flat=True)), partial(_clear_chunk, row, active)):
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
    images.record_index_state(**{fields.model_key: "", fields.sha256: "", fields.checksum: None})
