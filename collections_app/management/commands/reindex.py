"""Compare database and index, queue what disagrees, and work it off."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from collections_app.encoders import get_encoder
from collections_app.errors import ImageSearchError
from collections_app.management.run_until_signal import work_off_with_progress
from collections_app.models import Collection, Image, IndexJob, Team
from collections_app.models.image import ImageQuerySet
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.audit import (
    IndexReport,
    audit_index,
    drop_partitions_of_deleted_teams,
    queue_anew,
    queue_differences,
    queue_rebuild,
)
from collections_app.services.indexing.hash_backfill import hash_older_pictures

_HASHED_AT_ONCE = 200


class Command(BaseCommand):
    help = "Compare database and index, queue what is missing, stale or orphaned, and work the queue off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="make every vector anew")
        parser.add_argument("--team", metavar="ID_OR_NAME", help="only this team's pictures")
        parser.add_argument("--collection", metavar="ID_OR_NAME", help="only this collection's pictures")
        parser.add_argument("--no-wait", action="store_true", help="only queue; a worker does the rest")
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if they disagree")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            self._run(_selected_images(options["team"], options["collection"]), options)
        except ImageSearchError as error:
            raise CommandError(f"{error} What is queued is kept.") from error

    def _run(self, images: ImageQuerySet, options: dict[str, Any]) -> None:
        whole = not (options["team"] or options["collection"])
        report = audit_index(index=get_active_index(), model_key=get_encoder().key, images=images, whole=whole)
        self._print(report)
        if options["check"]:
            sys.exit(0 if report.agrees else 1)
        queue_differences(report)
        if options["all"]:
            self._queue_all(images, whole)
        self.stdout.write(f"{IndexJob.objects.waiting().count()} queued.")
        if not options["no_wait"]:
            self._work_off(whole)

    def _queue_all(self, images: ImageQuerySet, whole: bool) -> None:
        if not whole:
            queue_anew(images)
        elif queue_rebuild():
            self.stdout.write("A rebuild is under way already: going on with it.")

    def _print(self, report: IndexReport) -> None:
        rows = {
            "images": report.images,
            "vectors": report.vectors,
            "missing": len(report.missing),
            "stale": len(report.stale),
            "orphaned": len(report.orphaned),
            "in a wrong partition": len(report.misplaced),
        }
        for name, count in rows.items():
            self.stdout.write(f"{name:<21}{count:>9}")

    def _work_off(self, whole: bool) -> None:
        work_off_with_progress()
        after: int | None = 0
        while after is not None:
            after = hash_older_pictures(after=after, limit=_HASHED_AT_ONCE)
        if whole:
            drop_partitions_of_deleted_teams(index=get_active_index())
        dead = IndexJob.objects.filter(is_failed=True).order_by("pk")
        for job in dead[:20]:
            self.stderr.write(f"Image {job.image_id}: {job.error}")
        if dead:
            raise CommandError(f"{dead.count()} could not be indexed.")
        self.stdout.write("Everything queued is done." if not IndexJob.objects.exists() else "Stopped; more is queued.")


def _selected_images(team: str | None, collection: str | None) -> ImageQuerySet:
    collections = Collection.objects.all()
    if team:
        teams = Team.objects.filter(_named(team))
        _refuse_unless_one("team", team, teams.count())
        collections = collections.filter(team__in=teams)
    if collection:
        collections = collections.filter(_named(collection))
        _refuse_unless_one("collection", collection, collections.count())
    return Image.objects.filter(collection__in=collections) if team or collection else Image.objects.all()


def _named(name: str) -> Q:
    return Q(pk=int(name)) if name.isdecimal() else Q(name=name)


def _refuse_unless_one(kind: str, name: str, count: int) -> None:
    if count == 0:
        raise CommandError(f"There is no {kind} “{name}”.")
    if count > 1:
        raise CommandError(f"{count} {kind}s are named “{name}”: give the number instead.")
