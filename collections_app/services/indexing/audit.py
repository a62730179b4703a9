"""The audit: compares database and index, and queues images that are missing, stale, orphaned or misplaced."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from collections_app.index import TRASH_PARTITION, Entry, VectorIndex
from collections_app.models import Image, IndexJob, IndexState, Team
from collections_app.models.concurrent_writes import split_into_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.index_job import Priority
from collections_app.services.indexing.entries import build_entry_or_none

CHUNK_SIZE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """Ids that disagree. An image is in one list only; the lists are in order of importance."""

    image_count: int
    vectors: int
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


def audit_index(*, index: VectorIndex, model_key: str, images: ImageQuerySet, covers_all_images: bool) -> IndexReport:
    """Compare the images with their entries in the index.

    `covers_all_images`: the query set holds all images, so every other entry is orphaned. Holds some 200 bytes for
    each vector in memory.
    """
    found: dict[int, list[Entry]] = {}
    for entry in index.iterate_entries():
        found.setdefault(entry.id, []).append(entry)
    report = IndexReport(image_count=images.count(), vectors=sum(map(len, found.values())))
    unfinished = _find_unfinished(images)
    for image in images.select_related("collection").order_by("pk").iterator(chunk_size=CHUNK_SIZE):
        entries = found.pop(image.pk, [])
        difference = _compare_entries(image, entries, model_key)
        if not difference and image.pk in unfinished:
            difference = "stale"
        if difference:
            getattr(report, difference).append(image.pk)
    if covers_all_images:
        report.orphaned.extend(found)
    return report


def queue_differences(report: IndexReport) -> int:
    """Queue a job for each difference; return how many. Misplaced and orphaned images need no new vector."""
    count = _queue_chunks([*report.missing, *report.stale], priority=Priority.REPAIR)
    return count + IndexJob.objects.enqueue([*report.misplaced, *report.orphaned], priority=Priority.REPAIR)


def queue_reencoding(
    images: ImageQuerySet, *, priority: Priority = Priority.REPAIR, chunk_size: int = CHUNK_SIZE
) -> int:
    """Queue the images for new vectors; return how many. The old vectors are used until then.

    Queues in the order of their ids and in short transactions, so that other writers do not wait long.
    """
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    return _queue_chunks(ids, priority=priority, chunk_size=chunk_size)


def queue_rebuild(*, chunk_size: int = CHUNK_SIZE) -> bool:
    """Queue every image for a new vector; return whether a rebuild was under way already.

    An interrupted rebuild is continued: images are queued after the last one that waits.
    """
    waiting = IndexJob.objects.waiting().filter(priority=Priority.REBUILD)
    last_id = waiting.aggregate(last=Max("image_id"))["last"]
    queue_reencoding(Image.objects.filter(pk__gt=last_id or 0), priority=Priority.REBUILD, chunk_size=chunk_size)
    return last_id is not None


def drop_partitions_of_deleted_teams(*, index: VectorIndex) -> int:
    """Drop the empty partitions of deleted teams; return how many. Milvus holds 1,024 partitions.

    Reads the teams after the partitions: otherwise a new team would count as deleted.
    """
    team_ids = set(index.list_team_ids()) - {TRASH_PARTITION}
    existing = set(Team.objects.filter(pk__in=team_ids).values_list("pk", flat=True))
    return index.drop_empty_partitions(team_ids - existing)


def _queue_chunks(ids: list[int], *, priority: Priority, chunk_size: int = CHUNK_SIZE) -> int:
    chunks = split_into_chunks(ids, size=chunk_size)
    return sum(_queue_chunk(Image.objects.filter(pk__in=chunk), priority) for chunk in chunks)


@transaction.atomic
def _queue_chunk(images: ImageQuerySet, priority: Priority) -> int:
    count = images.enqueue(priority=priority)
    images.failed().record_index_state(index_state=IndexState.PENDING, index_error="")
    images.record_index_state(index_sha256="")
    return count


def _compare_entries(image: Image, entries: list[Entry], model_key: str) -> str:
    expected = build_entry_or_none(image)
    if not entries:
        return "missing"
    if expected is None:
        return "stale"
    if [entry.team_id for entry in entries] != [expected.team_id]:
        return "misplaced"
    if entries != [expected] or image.index_model_key != model_key:
        return "stale"
    return ""


def _find_unfinished(images: ImageQuerySet) -> set[int]:
    """Return the ids of images without a vector of their present file and without a job that will make one."""
    waiting = IndexJob.objects.waiting().filter(image_id=OuterRef("pk"))
    done = Q(index_state=IndexState.INDEXED, index_sha256=F("sha256"))
    return set(images.exclude(done).exclude(Exists(waiting)).values_list("pk", flat=True))
