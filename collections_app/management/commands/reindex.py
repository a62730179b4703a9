"""Compare database and index, and repair the differences."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.template.defaultfilters import filesizeformat

from collections_app.errors import ImageSearchError, IndexDamaged
from collections_app.index import find_store_damage
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_collection, get_team, parse_percent
from collections_app.management.outcomes import print_counts, print_failed_jobs
from collections_app.management.run_until_signal import drain_queue_with_progress
from collections_app.models import Image, IndexJob
from collections_app.models.image import ImageQuerySet
from collections_app.services.indexing.audit import (
    IndexReport,
    audit_index,
    drop_partitions_of_deleted_teams,
    queue_altered,
    queue_differences,
    queue_rebuild,
    queue_reencoding,
    record_audit,
)
from collections_app.services.indexing.deep_check import DeepReport, check_vectors
from collections_app.services.indexing.hash_backfill import backfill_hashes
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.indexing.queue import limit_share
from collections_app.services.indexing.rebuild import rebuild_store

_HASH_BATCH_SIZE = 200


class Command(FreeTextCommand):
    help = "Compare database and index, queue missing, stale and orphaned pictures, and process the queue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="create all vectors again")
        parser.add_argument("--team", metavar="ID_OR_NAME", help="only this team's pictures")
        parser.add_argument("--collection", metavar="ID_OR_NAME", help="only this collection's pictures")
        parser.add_argument("--no-wait", action="store_true", help="only queue; an index worker does the rest")
        parser.add_argument(
            "--share-of-machine",
            metavar="PERCENT",
            type=parse_percent,
            help="how much of its time each lane of every worker may spend on the queued repairs and rebuilds",
        )
        parser.add_argument("--deep", action="store_true", help="read every vector and compare it with its checksum")
        parser.add_argument("--check", action="store_true", help="repair nothing; exit with 1 if there are differences")

    def handle(self, *_: Any, **options: Any) -> None:
        images = _select_images(options["team"], options["collection"])
        covers_all_images = not (options["team"] or options["collection"])
        try:
            ensure_active_model()
            self._ensure_readable(options, covers_all_images)
            if options["check"]:
                sys.exit(0 if self._check(images, covers_all_images, options["deep"]) else 1)
            self._run(images, covers_all_images, options)
        except ImageSearchError as error:
            raise CommandError(f"{error} The queued jobs are kept.") from error

    def _ensure_readable(self, options: dict[str, Any], covers_all_images: bool) -> None:
        """Set a damaged store aside and start a new one; with --check only report the damage."""
        damage = find_store_damage(deep=options["deep"])
        is_opened = True
        try:
            for model in read_kept_models():
                model.index.count()
        except IndexDamaged:
            is_opened = False
        if is_opened and damage is None:
            return
        sentence = f"The search index is damaged: {damage or 'its files do not fit together'}."
        self.stderr.write(sentence)
        if options["check"]:
            if covers_all_images:
                record_audit([], is_check=True, problem=sentence)
            sys.exit(1)
        if rebuild := rebuild_store():
            self.stdout.write(
                f"The damaged files are kept in {rebuild.aside} ({filesizeformat(rebuild.size_bytes)}). Delete the "
                f"folder when you no longer need it.\nVectors read from it: {rebuild.restored:,}"
            )

    def _check(self, images: ImageQuerySet, covers_all_images: bool, is_deep: bool) -> bool:
        reports, altered = list[IndexReport](), 0
        for model in self._iterate_models():
            reports.append(self._audit(model, images, covers_all_images))
            altered += len(self._check_vectors(model, images).altered) if is_deep else 0
        if covers_all_images:
            record_audit(reports, is_check=True, altered=altered if is_deep else None)
        return all(report.is_consistent for report in reports) and not altered

    def _iterate_models(self) -> Iterator[KeptModel]:
        """Print the name of each if there are several."""
        models = read_kept_models()
        for model in models:
            if len(models) > 1:
                self.stdout.write(f"{model.name} ({model.row.state}):")
            yield model

    def _audit(self, model: KeptModel, images: ImageQuerySet, covers_all_images: bool) -> IndexReport:
        report = audit_index(model=model, images=images, covers_all_images=covers_all_images)
        self._print(report)
        return report

    def _check_vectors(self, model: KeptModel, images: ImageQuerySet) -> DeepReport:
        report = check_vectors(model=model, images=images, reads_files=not settings.MILVUS_URI)
        print_counts(
            {
                "vectors read": report.checked,
                "without a checksum": report.without_checksum,
                "altered": len(report.altered),
            },
            self.stdout,
        )
        return report

    def _run(self, images: ImageQuerySet, covers_all_images: bool, options: dict[str, Any]) -> None:
        reports, altered = list[IndexReport](), 0
        for model in self._iterate_models():
            model.index.record_partitions()
            reports.append(self._audit(model, images, covers_all_images))
            queue_differences(reports[-1])
            if options["deep"]:
                found = self._check_vectors(model, images).altered
                queue_altered(found, model)
                altered += len(found)
        if covers_all_images:
            record_audit(reports, is_check=False, altered=altered if options["deep"] else None)
        if options["all"]:
            self._queue_all(images, covers_all_images)
        if options["all"] or options["share_of_machine"]:
            limit_share(percent=options["share_of_machine"] or 100)
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
            **({"not encoded": report.unprepared} if report.unprepared else {}),
        }
        print_counts(rows, self.stdout)

    def _process_queue(self, covers_all_images: bool) -> None:
        drain_queue_with_progress()
        after: int | None = 0
        while after is not None:
            after = backfill_hashes(after=after, limit=_HASH_BATCH_SIZE)
        if covers_all_images:
            for model in read_kept_models():
                drop_partitions_of_deleted_teams(index=model.index)
        if failed_count := print_failed_jobs(self.stderr):
            raise CommandError(f"Pictures that could not be indexed: {failed_count}")
        self.stdout.write(
            "Stopped. Some pictures are still queued." if IndexJob.objects.exists() else "All queued pictures are done."
        )


def _select_images(team_name: str | None, collection_name: str | None) -> ImageQuerySet:
    team = get_team(team_name) if team_name else None
    if collection_name:
        return Image.objects.filter(collection=get_collection(collection_name, team=team))
    return Image.objects.filter(collection__team=team) if team else Image.objects.all()
