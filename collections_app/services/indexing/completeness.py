"""How much of the library is in the index, and the repair of an index that has lost entries."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, Sum

from collections_app.chunks import iterate_chunks
from collections_app.errors import IndexIncomplete
from collections_app.errors import gettext_noop as _
from collections_app.index import TRASH_PARTITION, VectorIndex
from collections_app.models import Image, ImageTotal, IndexState
from collections_app.models.concurrent_writes import split_into_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.image_total import ImageTotalQuerySet
from collections_app.models.index_job import Priority
from collections_app.services.indexing.entries import select_partition
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models

_CHUNK_SIZE = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of some images a search can find."""

    searchable: int
    total: int

    @property
    def is_complete(self) -> bool:
        return self.searchable >= self.total


def measure_coverage(totals: ImageTotalQuerySet) -> Coverage:
    """Return how many of the images a search can find."""
    counts = totals.aggregate(
        searchable=Sum("image_count", filter=Q(index_state=IndexState.INDEXED), default=0),
        total=Sum("image_count", default=0),
    )
    return Coverage(**counts)


def refuse_lost_entries(*, index: VectorIndex, team_ids: Sequence[int], images: ImageQuerySet) -> None:
    """Call this when a search finds nothing. Raises IndexIncomplete if the index has no entries of these teams although
    the database has images that should be in it. An image with a waiting job may still be in another team's partition.
    """
    if not images.indexed().without_waiting_job().exists():
        return
    if not index.count(team_ids=team_ids):
        raise IndexIncomplete(
            _("The search index has lost its entries. They are being restored. Try again in a few minutes.")
        )


def restore_lost_entries(*, is_thorough: bool = True) -> int:
    """Queue images that should be in the indexes of the kept models but are not; return how many. Each is queued once.

    `is_thorough` compares every team, even if the totals agree. Raises EncoderError, and IndexUnavailable, because an
    index that cannot be reached has lost nothing.
    """
    count = sum(_restore_entries(model, is_thorough) for model in read_kept_models())
    if count:
        log.warning("The index lacks %s pictures that were searchable. They are queued again.", count)
    return count


def _restore_entries(model: KeptModel, is_thorough: bool) -> int:
    """Count the database first: images that are indexed meanwhile only make the index larger."""
    count = 0
    indexed, index = Image.objects.indexed(), model.index
    encoded = ImageTotal.objects.sum_encoded(model.key, model.fields)[0]
    if is_thorough:
        index.record_partitions()
    if is_thorough and model.is_active:
        others = Image.objects.encoded_by_others(model.key, model.fields).order_by("pk")
        count += _queue(list(others.values_list("pk", flat=True)), model, priority=Priority.MODEL_CHANGE)
    if is_thorough or (not model.is_being_prepared and index.count() < encoded):
        for team_id, images in _iterate_short_teams(index, indexed.encoded_by(model.key, model.fields)):
            count += _queue(_find_lost(index, team_id, images), model, priority=Priority.REPAIR)
    return count


def _iterate_short_teams(index: VectorIndex, indexed: ImageQuerySet) -> Iterator[tuple[int, ImageQuerySet]]:
    """Yield the teams with fewer entries than images, and the images; the trash counts as one team."""
    groups = indexed.not_trashed().values_list("collection__team").annotate(count=Count("pk")).order_by()
    expected = {**dict(groups), TRASH_PARTITION: indexed.trashed().count()}
    for team_id, count in index.count_each([team_id for team_id, count in expected.items() if count]):
        if count < expected[team_id]:
            yield team_id, select_partition(indexed, team_id)


def _find_lost(index: VectorIndex, team_id: int, images: ImageQuerySet) -> list[int]:
    """Return the ids of images without an entry, except those with a waiting job, which may be moving."""
    settled = images.without_waiting_job()
    candidates = set(settled.values_list("pk", flat=True))
    candidates.difference_update(entry.id for entry in index.iterate_entries(team_ids=[team_id]))
    # Check again, because a picture may have been moved while the entries were read.
    chunks = iterate_chunks(sorted(candidates), _CHUNK_SIZE)
    return [pk for chunk in chunks for pk in settled.filter(pk__in=chunk).values_list("pk", flat=True)]


def _queue(image_ids: list[int], model: KeptModel, *, priority: Priority) -> int:
    chunks = split_into_chunks(image_ids)
    return sum(_queue_chunk(Image.objects.filter(pk__in=chunk).indexed(), model, priority) for chunk in chunks)


@transaction.atomic
def _queue_chunk(images: ImageQuerySet, model: KeptModel, priority: Priority) -> int:
    count = images.enqueue(priority=priority)
    lost = {"index_state": IndexState.PENDING} if model.is_active else {}
    images.record_index_state(**{model.fields.sha256: ""}, **lost)
    return count
