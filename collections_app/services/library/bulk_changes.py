"""Bulk actions: one change to many pictures, in short transactions, and its undo.

Each chunk has its own transaction, which checks the person's rights again, changes the pictures, queues their index
jobs and records how to undo the change. If the process dies, the finished chunks are complete and can be undone.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

from django.db import transaction
from django.utils import timezone

from collections_app.errors import ImageSearchError
from collections_app.models import AuditAction, BulkAction, Collection, Image, UndoStep, User
from collections_app.models.concurrent_writes import split_into_chunks, write_in_chunks
from collections_app.services.audit_trail import ImageEvents
from collections_app.services.library.dates import DateChange, change_dates, restore_dates
from collections_app.services.library.images import (
    check_room_for_move,
    move_images,
    remove_tags,
    set_tags,
    tag_images,
)
from collections_app.services.library.trash import delete_if_empty, restore_images, trash_images

_ChangeChunk = Callable[[list[int]], "_Change"]
_Undo = Callable[[UndoStep, User], int]
_UNDOABLE_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """The pictures of a chunk that were changed, and what `UndoStep.previous` stores of them."""

    image_ids: Sequence[int]
    previous: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """`action_id` is for `undo_bulk_action`. `error` ended the action after the pictures `image_ids` were changed."""

    action_id: uuid.UUID
    image_ids: Sequence[int] = ()
    error: ImageSearchError | None = None

    @property
    def count(self) -> int:
        return len(self.image_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoResult:
    """`error` ended the undo after `count` pictures were changed. The remaining steps can be undone later."""

    kind: BulkAction
    count: int
    error: ImageSearchError | None = None


def trash_in_bulk(*, image_ids: Iterable[int], user: User) -> BulkResult:
    """Move the pictures that the user may edit to the trash."""

    events = ImageEvents(action=AuditAction.IMAGES_TRASHED, actor=user)

    def trash_chunk(chunk: list[int]) -> _Change:
        ids = Image.objects.editable_by(user).filter(pk__in=chunk).lock_ids()
        images = Image.objects.filter(pk__in=ids)
        events.add(images)
        trash_images(images=images, trasher=user)
        return _Change(image_ids=ids, previous=ids)

    return _change_in_chunks(BulkAction.TRASH, image_ids, user, trash_chunk)


def move_in_bulk(*, image_ids: Sequence[int], target: Collection, user: User, is_new: bool = False) -> BulkResult:
    """Move the pictures of collections that the user manages. The caller checks that the user may edit the target.

    `is_new`: the target was created for them, so that undoing deletes it. If the target's team has no room for all
    pictures, none is moved. If an upload fills the team meanwhile, only the pictures of the earlier chunks are moved.
    """

    def move_chunk(chunk: list[int]) -> _Change:
        movable = Image.objects.filter(pk__in=chunk, collection__in=Collection.objects.managed_by(user))
        origins = move_images(images=movable.not_trashed(), target=target)
        previous = {"origins": origins, "target": target.pk, "is_new": is_new}
        return _Change(image_ids=list(chain.from_iterable(origins.values())), previous=previous)

    try:
        check_room_for_move(image_ids=image_ids, target=target)
    except ImageSearchError as error:
        return BulkResult(action_id=uuid.uuid4(), error=error)
    return _change_in_chunks(BulkAction.MOVE, image_ids, user, move_chunk)


def tag_in_bulk(*, image_ids: Iterable[int], tags: Sequence[str], max_tags: int, user: User) -> BulkResult:
    """Add tags to the pictures that the user may edit and that then have at most `max_tags`."""

    def tag_chunk(chunk: list[int]) -> _Change:
        images = Image.objects.editable_by(user).filter(pk__in=chunk)
        added = tag_images(images=images, tags=tags, max_tags=max_tags)
        return _Change(image_ids=list(added), previous={"added": added})

    return _change_in_chunks(BulkAction.TAG, image_ids, user, tag_chunk)


def change_dates_in_bulk(*, image_ids: Iterable[int], change: DateChange, user: User) -> BulkResult:
    """Change the dates of the pictures that the user may edit, as `change_dates` does."""

    def change_chunk(chunk: list[int]) -> _Change:
        ids = Image.objects.editable_by(user).filter(pk__in=chunk).lock_ids()
        previous = change_dates(images=Image.objects.filter(pk__in=ids), change=change)
        return _Change(image_ids=list(previous), previous=previous)

    return _change_in_chunks(BulkAction.DATE, image_ids, user, change_chunk)


def undo_bulk_action(*, action_id: uuid.UUID, user: User) -> UndoResult | None:
    """Undo the user's action for the pictures that they may still change, and that nobody has changed again.

    Return None if the user has no such action or has undone it. Two simultaneous calls share its steps.
    """
    steps = UndoStep.objects.filter(action_id=action_id, user=user).order_by("pk")
    if (first := steps.first()) is None:
        return None
    kind, count = BulkAction(first.kind), 0
    undo = _UNDO[kind]
    if kind == BulkAction.TRASH:
        undo = partial(_undo_trash, events=ImageEvents(action=AuditAction.IMAGES_RESTORED, actor=user))
    try:
        for step_ids in split_into_chunks(list(steps.values_list("pk", flat=True)), size=1):
            count += _undo_step(step_ids[0], user, undo)
    except ImageSearchError as error:
        return UndoResult(kind=kind, count=count, error=error)
    return UndoResult(kind=kind, count=count)


def delete_old_undo_steps() -> None:
    UndoStep.objects.created_before(timezone.now() - _UNDOABLE_FOR).delete()


def _change_in_chunks(kind: BulkAction, image_ids: Iterable[int], user: User, change: _ChangeChunk) -> BulkResult:
    """Call `change` for each chunk."""
    action_id, changed = uuid.uuid4(), list[int]()

    def write_chunk(chunk: list[int]) -> Sequence[int]:
        done = change(chunk)
        if done.image_ids:
            UndoStep.objects.create(action_id=action_id, kind=kind, user=user, previous=done.previous)
        return done.image_ids

    try:
        for chunk_ids in write_in_chunks(image_ids, write_chunk):
            changed += chunk_ids
    except ImageSearchError as error:
        return BulkResult(action_id=action_id, image_ids=changed, error=error)
    return BulkResult(action_id=action_id, image_ids=changed)


@transaction.atomic
def _undo_step(step_id: int, user: User, undo: _Undo) -> int:
    """Undo and delete the step unless another call did; return how many pictures were changed."""
    step = UndoStep.objects.select_for_update().filter(pk=step_id).first()
    if step is None:
        return 0
    step.delete()
    return undo(step, user)


def _undo_trash(step: UndoStep, user: User, events: ImageEvents | None = None) -> int:
    trashed = Image.objects.in_trash_of(user).filter(pk__in=step.previous, trashed_at__lte=step.created_at)
    return restore_images(images=trashed, events=events)


def _undo_tags(step: UndoStep, user: User) -> int:
    """Steps of older versions contain all former tags."""
    images, previous = Image.objects.editable_by(user), step.previous
    if "added" in previous:
        return remove_tags(images=images, tags=_read_ids(previous["added"]))
    return set_tags(images=images, tags=_read_ids(previous))


def _undo_move(step: UndoStep, user: User) -> int:
    """Move the pictures back to their collections, except to deleted ones. Raises QuotaExceeded.

    Steps of older versions do not name the target.
    """
    count, previous = 0, step.previous
    movable = Image.objects.not_trashed().filter(collection__in=Collection.objects.managed_by(user))
    if "target" in previous:
        movable = movable.filter(collection=previous["target"])
    for origin_id, image_ids in _read_ids(previous.get("origins", previous)).items():
        if origin := Collection.objects.editable_by(user).filter(pk=origin_id).first():
            moved = move_images(images=movable.filter(pk__in=image_ids), target=origin)
            count += sum(map(len, moved.values()))
    if previous.get("is_new"):
        created = Collection.objects.managed_by(user).filter(pk=previous["target"])
        delete_if_empty(collections=created, deleter=user)
    return count


def _undo_dates(step: UndoStep, user: User) -> int:
    images = Image.objects.editable_by(user).filter(date_edited_at__lte=step.created_at)
    return restore_dates(images=images, previous=_read_ids(step.previous))


def _read_ids(by_id: Mapping[str, Any]) -> dict[int, Any]:
    return {int(pk): value for pk, value in by_id.items()}


_UNDO: Mapping[BulkAction, _Undo] = {
    BulkAction.TRASH: _undo_trash,
    BulkAction.MOVE: _undo_move,
    BulkAction.TAG: _undo_tags,
    BulkAction.DATE: _undo_dates,
}
