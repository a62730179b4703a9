"""Random histories with backups, some of them interrupted, while people work; then the site is lost and restored."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from collections_app.models import Collection, GuestLink, GuestUpload, Image, User
from collections_app.services.backup.making import make_backup, prune_backups
from collections_app.services.backup.repairing import queue_index_repairs
from collections_app.services.backup.verifying import verify_index
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.images import move_images
from collections_app.services.library.trash import purge_trash, restore_images, trash_images
from collections_app.services.maintenance import run_maintenance
from collections_app.services.sharing.guest_links import GuestLinkTerms, create_guest_link
from collections_app.services.uploads.archives import store_archive
from collections_app.services.uploads.guest_uploads import (
    approve_guest_upload,
    delete_guest_upload,
    receive_guest_file,
)
from collections_app.services.uploads.unpacking import ArchiveUnpacker
from tests.sample_team import make_sample_team, picture_bytes, put_picture
from tests.services.backup.sites import OF_THE_WORKER, assert_site_is_whole, lose_everything, read_all_rows, restore
from tests.services.uploads.test_unpacking import zipped

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

HISTORIES = 20
ACTIONS = (
    *("upload", "upload", "upload", "move", "trash", "restore", "purge", "delete_collection"),
    *("guest", "approve", "reject", "archive", "unpack", "index", "index", "maintain"),
)
_numbers = count()


class Interruption(Exception):
    """The end of a backup at a random moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`number` selects a picture or a collection."""

    action: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStep:
    """A backup with the actions of people between its own steps. `ends_after` steps it is interrupted; 0: never."""

    during: list[Step]
    ends_after: int


steps = st.builds(Step, action=st.sampled_from(ACTIONS), number=st.integers(0, 9))
backups = st.builds(BackupStep, during=st.lists(steps, max_size=6), ends_after=st.sampled_from([0, 0, 1, 2, 5, 20]))


@dataclass(slots=True)
class WorkingPeople:
    """Progress of a backup that lets people act at each of its calls."""

    people: "People"
    during: list[Step]
    ends_after: int = 0
    calls: int = field(default=0)

    def begin(self, what: str, total: int) -> None:
        self.advance(0)

    def advance(self, done: int) -> None:
        self.calls += 1
        if self.calls == self.ends_after:
            raise Interruption
        if self.calls <= len(self.during):
            self.people.act(self.during[self.calls - 1])


class People:
    def __init__(self) -> None:
        sample = make_sample_team()
        self.owner: User = sample.owner
        self.collections = [sample.collection]
        self.collections += [create_collection(team=sample.team, name=name, creator=self.owner) for name in ("B", "C")]
        terms = GuestLinkTerms(max_files=1000, max_bytes=10**9)
        self.link: GuestLink = create_guest_link(collection=self.collections[0], creator=self.owner, terms=terms)

    def act(self, step: Step) -> None:
        perform: Callable[[int], object] = getattr(self, step.action)
        perform(step.number)

    def upload(self, number: int) -> None:
        serial = next(_numbers)
        collection = self.collections[number % len(self.collections)]
        put_picture(collection, self.owner, f"{serial}.png", colour=(serial % 256, serial // 256 % 256, 7))

    def move(self, number: int) -> None:
        target = self.collections[number % len(self.collections)]
        if image := self._pick(number):
            move_images(images=Image.objects.filter(pk=image.pk), target=target)

    def trash(self, number: int) -> None:
        if image := self._pick(number):
            trash_images(images=Image.objects.filter(pk=image.pk), trasher=self.owner)

    def restore(self, number: int) -> None:
        restore_images(images=Image.objects.trashed())

    def purge(self, number: int) -> None:
        purge_trash(images=Image.objects.trashed())

    def delete_collection(self, number: int) -> None:
        """The administration deletes the newest one, with its pictures."""
        if len(self.collections) > 1 and number > 6:
            Collection.objects.get(pk=self.collections.pop().pk).delete()

    def guest(self, number: int) -> None:
        content = picture_bytes((next(_numbers) % 256, 200, 200))
        receive_guest_file(link=self.link, file=io.BytesIO(content), name="guest.png")

    def approve(self, number: int) -> None:
        for upload in GuestUpload.objects.all()[:1]:
            approve_guest_upload(upload=upload, approver=self.owner)

    def reject(self, number: int) -> None:
        for upload in GuestUpload.objects.all()[:1]:
            delete_guest_upload(upload=upload)

    def archive(self, number: int) -> None:
        file = ContentFile(zipped(2), "holiday.zip")
        store_archive(file=file, name="holiday.zip", collection=self.collections[0], uploader=self.owner)

    def unpack(self, number: int) -> None:
        ArchiveUnpacker().drain()

    def index(self, number: int) -> None:
        IndexWorker().drain()

    def maintain(self, number: int) -> None:
        run_maintenance()

    def _pick(self, number: int) -> Image | None:
        images = list(Image.objects.not_trashed().order_by("pk"))
        return images[number % len(images)] if images else None


def back_up(folder: Path, people: People, step: BackupStep) -> None:
    try:
        made = make_backup(folder, progress=WorkingPeople(people, step.during, step.ends_after))
    except Interruption:
        return
    assert made.backup.manifest.problems == ()
    prune_backups(folder, keep=1)


@hypothesis_settings(max_examples=HISTORIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.one_of(steps, steps, steps, backups), min_size=4, max_size=16), last=backups)
def test_restored_site_is_the_one_at_the_begin_of_its_backup(
    history: list[Step | BackupStep], last: BackupStep, settings: Settings
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "backups"
        folder.mkdir()
        lose_everything(settings, Path(name))
        people = People()
        for step in history:
            if isinstance(step, Step):
                people.act(step)
            else:
                back_up(folder, people, step)
        ignored = {"collections_app_image": OF_THE_WORKER}
        expected = read_all_rows(ignored=ignored)
        back_up(folder, people, BackupStep(during=last.during, ends_after=0))
        lose_everything(settings, Path(name))

        restore(folder)

        assert read_all_rows(ignored=ignored) == expected
        queue_index_repairs(verify_index(deep=False))
        IndexWorker().drain()
        assert_site_is_whole()
        ArchiveUnpacker().drain()
        IndexWorker().drain()
        assert_site_is_whole()
