"""Comparing database and index: what is missing, stale, orphaned or misplaced, and queueing it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from collections_app.index import NO_TEAM, Entry, VectorIndex
from collections_app.models import Image, IndexJob, IndexState, Team
from collections_app.models.image import ImageQuerySet
from collections_app.models.index_job import Priority
from collections_app.services.indexing.entries import entry_or_none

_CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """Ids of what disagrees. An image can stand in one list only, in this order of importance."""

    images: int
    vectors: int
    missing: list[int] = field(default_factory=list)
    misplaced: list[int] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    orphaned: list[int] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not self.differences

    @property
    def differences(self) -> list[int]:
        return [*self.missing, *self.misplaced, *self.stale, *self.orphaned]


def audit_index(*, index: VectorIndex, model_key: str, images: ImageQuerySet, whole: bool) -> IndexReport:
    """Compare the images with what the index holds of them.

    `whole`: the images are all there are, so whatever else the index holds is orphaned. Holds one entry
    of some 200 bytes for each vector in memory.
    """
    found: dict[int, list[Entry]] = {}
    for entry in index.entries():
        found.setdefault(entry.id, []).append(entry)
    report = IndexReport(images=images.count(), vectors=sum(map(len, found.values())))
    unfinished = _unfinished(images)
    for image in _rows(images):
        entries = found.pop(image.pk, [])
        difference = _difference(image, entries, model_key)
        if not difference and image.pk in unfinished:
            difference = "stale"
        if difference:
            getattr(report, difference).append(image.pk)
    if whole:
        report.orphaned.extend(found)
    return report


def queue_differences(report: IndexReport) -> int:
    """Queue a job for each difference; return how many. What is only misplaced or orphaned needs no new vector."""
    renewed = _chunks([*report.missing, *report.stale])
    count = sum(_queue_chunk(Image.objects.filter(pk__in=ids), Priority.REPAIR) for ids in renewed)
    return count + IndexJob.objects.enqueue([*report.misplaced, *report.orphaned], priority=Priority.REPAIR)


def queue_anew(images: ImageQuerySet, *, priority: Priority = Priority.REPAIR) -> int:
    """Queue the images so that each gets a new vector; return how many. The old vectors serve until then.

    In the order of their ids and in many short transactions, so that nobody waits long for the database.
    """
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    return sum(_queue_chunk(Image.objects.filter(pk__in=chunk), priority) for chunk in _chunks(ids))


def queue_rebuild() -> bool:
    """Queue every image anew; return whether that was under way already.

    What was interrupted goes on instead of beginning anew, the queueing too: behind the last image that waits.
    """
    waiting = IndexJob.objects.waiting().filter(priority=Priority.REBUILD)
    last = waiting.aggregate(last=Max("image_id"))["last"]
    queue_anew(Image.objects.filter(pk__gt=last or 0), priority=Priority.REBUILD)
    return last is not None


def drop_partitions_of_deleted_teams(*, index: VectorIndex) -> int:
    """Drop what teams that are no more have left behind empty; return how many: Milvus holds 1,024 partitions.

    The teams are asked for after the partitions, so that a new team is no deleted one.
    """
    had = set(index.team_ids()) - {NO_TEAM}
    return index.drop_empty_partitions(had - set(Team.objects.filter(pk__in=had).values_list("pk", flat=True)))


@transaction.atomic
def _queue_chunk(images: ImageQuerySet, priority: Priority) -> int:
    count = images.enqueue(priority=priority)
    images.failed().record_index_state(index_state=IndexState.PENDING, index_error="")
    images.record_index_state(index_sha256="")
    return count


def _difference(image: Image, entries: list[Entry], model_key: str) -> str:
    expected = entry_or_none(image)
    if not entries:
        return "missing"
    if expected is None:
        return "stale"
    if [entry.team_id for entry in entries] != [expected.team_id]:
        return "misplaced"
    if entries != [expected] or image.index_model_key != model_key:
        return "stale"
    return ""


def _unfinished(images: ImageQuerySet) -> set[int]:
    """Return those that have no vector of their present file, or say so, while no job is going to change that."""
    waiting = IndexJob.objects.waiting().filter(image_id=OuterRef("pk"))
    done = Q(index_state=IndexState.INDEXED, index_sha256=F("sha256"))
    return set(images.exclude(done).exclude(Exists(waiting)).values_list("pk", flat=True))


def _rows(images: ImageQuerySet) -> Iterator[Image]:
    return images.select_related("collection").order_by("pk").iterator(chunk_size=_CHUNK)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
