"""Compare database and index, and repair the differences."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from collections_app.encoders import get_encoder
from collections_app.errors import ImageSearchError
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_collection, get_team
from collections_app.management.run_until_signal import drain_queue_with_progress
from collections_app.models import Image, IndexJob
from collections_app.models.image import ImageQuerySet
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.audit import (
    IndexReport,
    audit_index,
    drop_partitions_of_deleted_teams,
    queue_differences,
    queue_rebuild,
    queue_reencoding,
)
from collections_app.services.indexing.hash_backfill import backfill_hashes

_HASH_BATCH_SIZE = 200


class Command(FreeTextCommand):
    help = "Compare database and index, queue missing, stale and orphaned pictures, and process the queue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="create all vectors again")
        parser.add_argument("--team", metavar="ID_OR_NAME", help="only this team's pictures")
        parser.add_argument("--collection", metavar="ID_OR_NAME", help="only this collection's pictures")
        parser.add_argument("--no-wait", action="store_true", help="only queue; an index worker does the rest")
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if there are differences")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            self._run(_select_images(options["team"], options["collection"]), options)
        except ImageSearchError as error:
            raise CommandError(f"{error} The queued jobs are kept.") from error

    def _run(self, images: ImageQuerySet, options: dict[str, Any]) -> None:
        covers_all_images = not (options["team"] or options["collection"])
        report = audit_index(
            index=get_active_index(), model_key=get_encoder().key, images=images, covers_all_images=covers_all_images
        )
        self._print(report)
        if options["check"]:
            sys.exit(0 if report.is_consistent else 1)
        queue_differences(report)
        if options["all"]:
            self._queue_all(images, covers_all_images)
        self.stdout.write(f"Queued pictures: {IndexJob.objects.waiting().count()}")
        if not options["no_wait"]:
            self._process_queue(covers_all_images)

    def _queue_all(self, images: ImageQuerySet, covers_all_images: bool) -> None:
        if not covers_all_images:
            queue_reencoding(images)
        elif queue_rebuild():
            self.stdout.write("A rebuild is already in progress. Continuing it.")

    def _print(self, report: IndexReport) -> None:
        rows = {
            "images": report.image_count,
            "vectors": report.vectors,
            "missing": len(report.missing),
            "stale": len(report.stale),
            "orphaned": len(report.orphaned),
            "in a wrong partition": len(report.misplaced),
        }
        for name, count in rows.items():
            self.stdout.write(f"{name:<21}{count:>9}")

    def _process_queue(self, covers_all_images: bool) -> None:
        drain_queue_with_progress()
        after: int | None = 0
        while after is not None:
            after = backfill_hashes(after=after, limit=_HASH_BATCH_SIZE)
        if covers_all_images:
            drop_partitions_of_deleted_teams(index=get_active_index())
        failed = IndexJob.objects.filter(is_failed=True).order_by("pk")
        for job in failed[:20]:
            self.stderr.write(f"Image {job.image_id}: {job.error}")
        if failed:
            raise CommandError(f"Pictures that could not be indexed: {failed.count()}")
        self.stdout.write(
            "Stopped. Some pictures are still queued." if IndexJob.objects.exists() else "All queued pictures are done."
        )


def _select_images(team_name: str | None, collection_name: str | None) -> ImageQuerySet:
    team = get_team(team_name) if team_name else None
    if collection_name:
        return Image.objects.filter(collection=get_collection(collection_name, team=team))
    return Image.objects.filter(collection__team=team) if team else Image.objects.all()
