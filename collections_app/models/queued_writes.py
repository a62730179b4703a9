"""Bulk writes of images, which queue their index jobs in the same transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

from django.db import models, transaction

from collections_app.models.concurrent_writes import update_each, write_in_chunks
from collections_app.models.index_job import IndexJob, Priority

_Row = TypeVar("_Row", bound=models.Model)

# Changes of these fields queue an index job.
INDEXED_FIELDS = frozenset(
    {"collection", "collection_id", "uploader", "uploader_id", "file", "sha256"}
    | {"width", "height", "taken_at", "created_at", "trashed_at", "format", "tags"}
)


class QueueingQuerySet(models.QuerySet[_Row]):
    """A query set of images whose bulk writes queue index jobs."""

    def lock_ids(self) -> list[int]:
        """Lock the images in the order of their ids, which prevents deadlocks, and return the ids."""
        rows = self.order_by("pk").select_related(None).only("pk")
        return [image.pk for image in rows.select_for_update(of=("self",), no_key=True)]

    def enqueue(self, *, priority: int = Priority.CHANGE) -> int:
        """Queue an index job for each image; return the number of images."""
        return IndexJob.objects.enqueue(self.values_list("pk", flat=True), priority=priority)

    def record_index_state(self, **values: Any) -> int:
        """Write the state in the index without queueing. For the worker. A new state must be compared."""
        if {"index_state", "perceptual_hash"} & values.keys():
            values["compared_at"] = None
        return super().update(**values)

    def record_comparison(self, compared_at: datetime | None) -> int:
        """Write when the images were compared with their team; None queues them for it."""
        return super().update(compared_at=compared_at)

    def update(self, **values: Any) -> int:
        """Queue index jobs if the index needs the change. Django's `bulk_update` calls this too."""
        if not INDEXED_FIELDS & values.keys():
            return super().update(**values)
        with transaction.atomic():
            changed = list(self.values_list("pk", flat=True))
            count = super(QueueingQuerySet, self.filter(pk__in=changed)).update(**values)
            IndexJob.objects.enqueue(changed)
        return count

    def delete(self) -> tuple[int, dict[str, int]]:
        """Queue the index jobs of all images at once; `signals.queue_deleted_image` does it for other deletions."""
        with transaction.atomic():
            file_names = dict(self.values_list("pk", "file"))
            IndexJob.objects.enqueue_deleted(file_names)
            return super(QueueingQuerySet, self.filter(pk__in=file_names)).delete()

    def update_in_chunks(self, **values: Any) -> int:
        """Update like `update`, in short transactions, each of which applies the filters again; return how many."""
        return sum(write_in_chunks(self._list_ids(), lambda chunk: self._get_locked(chunk).update(**values)))

    def delete_in_chunks(self, *, record: Callable[[Any], object] | None = None) -> int:
        """Delete the images permanently in short transactions; return how many. Their jobs delete the files.

        `record` is called with the images of each transaction before they are deleted.
        """

        def delete_chunk(chunk: list[int]) -> dict[str, int]:
            images = self._get_locked(chunk)
            if record:
                record(images)
            return images.delete()[1]

        chunks = write_in_chunks(self._list_ids(), delete_chunk)
        return sum(deleted.get(self.model._meta.label, 0) for deleted in chunks)

    def _list_ids(self) -> list[int]:
        return list(self.order_by("pk").values_list("pk", flat=True))

    def _get_locked(self, image_ids: list[int]) -> Self:
        return type(self)(self.model, using=self.db).filter(pk__in=self.filter(pk__in=image_ids).lock_ids())

    def replace_tags(self, tags: Mapping[int, Sequence[str]]) -> None:
        """Store the given tags of each image id and queue its index job."""
        with transaction.atomic():
            update_each(self.model, ["tags"], {image_id: [own] for image_id, own in tags.items()})
            IndexJob.objects.enqueue(tags)

    def bulk_create(self, objs: Iterable[_Row], *args: Any, **kwargs: Any) -> list[_Row]:
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise ValueError("Every written row must be indexed, and conflicts hide which rows were written.")
        with transaction.atomic():
            created = super().bulk_create(objs, *args, **kwargs)
            IndexJob.objects.enqueue(row.pk for row in created)
        return created
