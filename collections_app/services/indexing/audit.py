"""The audit: compares database and index, and queues images that are missing, stale, orphaned or misplaced."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from collections_app.chunks import iterate_chunks
from collections_app.index import TRASH_PARTITION, Entry, VectorIndex
from collections_app.models import Image, IndexAudit, IndexJob, IndexState, Team
from collections_app.models.concurrent_writes import split_into_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.index_job import Priority
from collections_app.services.indexing.entries import build_entry_or_none, get_partition_id, select_partition
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models

CHUNK_SIZE = 1000
_KEPT_AUDITS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """Ids that disagree in one model's index. An image is in one list only; the lists are in order of importance.

    `unprepared`: images that a model other than the active one has not encoded yet or could not encode. They are no
    differences.
    """

    model: KeptModel
    image_count: int
    vectors: int
    unprepared: int = 0
    missing: list[int] = field(default_factory=list)
    misplaced: list[int] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    orphaned: list[int] = field(default_factory=list)

    @property
    def is_consistent(self) -> bool:
        return not self.differences

    @property
    def differences(self) -> list[int]:
        return [*self.missing, *self.misplaced, *self.stale, *self.orphaned]


def audit_index(*, model: KeptModel, images: ImageQuerySet, covers_all_images: bool) -> IndexReport:
    """Compare the images with their entries in the index of a model, partition by partition.

    `covers_all_images`: the query set holds all images, so every other entry is orphaned. Only pages of the index and
    of the database, and the ids that disagree, are in memory.
    """
    index = model.index
    image_count = vectors = unprepared = 0
    missing: dict[int, list[int]] = defaultdict(list)
    stale: list[int] = []
    strays: list[tuple[int, int]] = []
    for team_id, stored in index.iterate_teams(_list_partition_ids(index, images)):
        for image_id, entries, image in _match_by_id(stored, images, team_id):
            image_count += image is not None
            vectors += len(entries)
            if image is None:
                strays.append((image_id, team_id))
            elif _is_unprepared(image, model):
                unprepared += 1
            elif not entries:
                missing[team_id].append(image_id)
            elif _is_stale(image, entries, model):
                stale.append(image_id)
    misplaced, orphaned = _divide_strays(strays, images, model)
    return IndexReport(
        model=model,
        image_count=image_count,
        vectors=vectors,
        unprepared=unprepared,
        missing=sorted(_find_still_missing(index, missing) - misplaced),
        misplaced=sorted(misplaced),
        stale=sorted(set(stale) - misplaced),
        orphaned=sorted(orphaned) if covers_all_images else [],
    )


@transaction.atomic
def record_audit(
    reports: Sequence[IndexReport], *, is_check: bool, altered: int | None = None, problem: str = ""
) -> IndexAudit:
    """Store the outcome of an audit of all images, for the dashboard; only the latest are kept.

    There is one record for all kept models: vectors and differences are sums. `altered`: how many vectors differ from
    their checksums, if they were read. Without reports, `problem` says why nothing could be compared.
    """
    kinds = ("missing", "stale", "orphaned", "misplaced")
    counts = {kind: sum(len(getattr(report, kind)) for report in reports) for kind in kinds}
    counts["image_count"] = max((report.image_count for report in reports), default=0)
    counts["vector_count"] = sum(report.vectors for report in reports)
    recorded = IndexAudit.objects.create(is_check=is_check, altered=altered, problem=problem, **counts)
    kept = IndexAudit.objects.order_by("-pk").values("pk")[:_KEPT_AUDITS]
    IndexAudit.objects.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return recorded


def queue_differences(report: IndexReport) -> int:
    """Queue a job for each difference; return how many. Misplaced and orphaned images need no new vector."""
    count = _queue_chunks([*report.missing, *report.stale], [report.model], priority=Priority.REPAIR)
    return count + IndexJob.objects.enqueue([*report.misplaced, *report.orphaned], priority=Priority.REPAIR)


def queue_altered(image_ids: Iterable[int], model: KeptModel) -> int:
    """Queue images whose vector of this model differs from its checksum; return how many."""
    return _queue_chunks(sorted(image_ids), [model], priority=Priority.REPAIR)


def queue_reencoding(
    images: ImageQuerySet, *, priority: Priority = Priority.REPAIR, chunk_size: int = CHUNK_SIZE
) -> int:
    """Queue the images for new vectors by all kept models; return how many. The old vectors are used until then.

    Queues in the order of their ids and in short transactions, so that other writers do not wait long.
    """
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    return _queue_chunks(ids, read_kept_models(), priority=priority, chunk_size=chunk_size)


def queue_rebuild(*, chunk_size: int = CHUNK_SIZE) -> bool:
    """Queue every image for a new vector; return whether a rebuild was under way already.

    An interrupted rebuild is continued: images are queued after the last one that waits.
    """
    waiting = IndexJob.objects.waiting().filter(priority=Priority.REBUILD)
    last_id = waiting.aggregate(last=Max("image_id"))["last"]
    queue_reencoding(Image.objects.filter(pk__gt=last_id or 0), priority=Priority.REBUILD, chunk_size=chunk_size)
    return last_id is not None


def drop_partitions_of_deleted_teams(*, index: VectorIndex) -> int:
    """Drop the empty partitions of deleted teams; return how many. Each takes memory of Milvus and a place.

    Reads the teams after the partitions: otherwise a new team would count as deleted.
    """
    team_ids = set(index.list_team_ids()) - {TRASH_PARTITION}
    existing = set(Team.objects.filter(pk__in=team_ids).values_list("pk", flat=True))
    return index.drop_empty_partitions(team_ids - existing)


def _queue_chunks(
    ids: list[int], models: Sequence[KeptModel], *, priority: Priority, chunk_size: int = CHUNK_SIZE
) -> int:
    chunks = split_into_chunks(ids, size=chunk_size)
    return sum(_queue_chunk(Image.objects.filter(pk__in=chunk), models, priority) for chunk in chunks)


@transaction.atomic
def _queue_chunk(images: ImageQuerySet, models: Sequence[KeptModel], priority: Priority) -> int:
    count = images.enqueue(priority=priority)
    images.failed().record_index_state(index_state=IndexState.PENDING, index_error="")
    images.record_index_state(**{model.fields.sha256: "" for model in models})
    return count


def _list_partition_ids(index: VectorIndex, images: ImageQuerySet) -> list[int]:
    """Return the partitions that hold entries and those that the images belong to."""
    teams = images.order_by().values_list("collection__team_id", flat=True).distinct()
    return sorted({TRASH_PARTITION, *index.list_team_ids(), *teams})


def _match_by_id(
    entries: Iterable[Entry], images: ImageQuerySet, partition_id: int
) -> Iterator[tuple[int, list[Entry], Image | None]]:
    """Yield each id of a partition with its entries and its image. The entries are in the order of their ids."""
    job_failed = Subquery(IndexJob.objects.filter(image_id=OuterRef("pk")).values("is_failed"))
    rows = select_partition(images, partition_id).annotate(job_failed=job_failed).select_related("collection")
    members = rows.order_by("pk").iterator(chunk_size=CHUNK_SIZE)
    numbered: list[Iterator[tuple[int, Entry | Image]]] = [
        ((entry.id, entry) for entry in entries),
        ((image.pk, image) for image in members),
    ]
    for image_id, pairs in groupby(heapq.merge(*numbered, key=itemgetter(0)), key=itemgetter(0)):
        found = [member for _id, member in pairs]
        own = [member for member in found if isinstance(member, Entry)]
        yield image_id, own, next((member for member in found if isinstance(member, Image)), None)


def _is_unprepared(image: Image, model: KeptModel) -> bool:
    """Return whether the model is not active and has not encoded the image yet, or could not encode it."""
    if model.is_active or image.has_vector_of(model.key, model.fields):
        return False
    return model.is_being_prepared or bool(getattr(image, "job_failed", False))


def _is_stale(image: Image, entries: Sequence[Entry], model: KeptModel) -> bool:
    """Return whether the entry differs from the row, or the vector is out of date and no job waits to replace it."""
    if getattr(image, model.fields.model_key) != model.key or list(entries) != [build_entry_or_none(image)]:
        return True
    is_done = image.index_state == IndexState.INDEXED and image.has_vector_of(model.key, model.fields)
    has_waiting_job = getattr(image, "job_failed", None) is False
    return not is_done and not has_waiting_job


def _find_still_missing(index: VectorIndex, missing: Mapping[int, Sequence[int]]) -> set[int]:
    """Read the index again: an image may have been indexed after the index was read and before its row was."""
    still: set[int] = set()
    for team_id, entries in index.iterate_teams(sorted(missing)):
        still |= set(missing[team_id]).difference(entry.id for entry in entries)
    return still


def _divide_strays(
    strays: Sequence[tuple[int, int]], images: ImageQuerySet, model: KeptModel
) -> tuple[set[int], set[int]]:
    """Return the misplaced and the orphaned ids among entries (id, partition) whose image was not in the partition.

    Reads the images again, because some may have been added or moved meanwhile. The entry of an image that the model
    has yet to encode is replaced then.
    """
    misplaced: set[int] = set()
    orphaned: set[int] = set()
    for chunk in iterate_chunks(strays, CHUNK_SIZE):
        rows = images.filter(pk__in=[image_id for image_id, _ in chunk]).select_related("collection")
        found = {image.pk: image for image in rows}
        for image_id, partition_id in chunk:
            image = found.get(image_id)
            if image is None:
                orphaned.add(image_id)
            elif get_partition_id(image) != partition_id and not _is_unprepared(image, model):
                misplaced.add(image_id)
    return misplaced, orphaned
