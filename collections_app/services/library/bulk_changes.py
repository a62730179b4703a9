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
from collections_app.services.library.dates import DateChange, PreviousDates, change_dates, restore_dates
from collections_app.services.library.images import check_room_for_move, move_images, set_tags, tag_images
from collections_app.services.library.trash import restore_images, trash_images

_ChangeChunk = Callable[[list[int]], Any]
_Undo = Callable[[Any, User], int]
_UNDOABLE_FOR = timedelta(days=1)


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

    def trash_chunk(chunk: list[int]) -> list[int]:
        ids = Image.objects.editable_by(user).filter(pk__in=chunk).lock_ids()
        images = Image.objects.filter(pk__in=ids)
        events.add(images)
        trash_images(images=images, trasher=user)
        return ids

    return _change_in_chunks(BulkAction.TRASH, image_ids, user, trash_chunk)


def move_in_bulk(*, image_ids: Sequence[int], target: Collection, user: User) -> BulkResult:
    """Move the pictures of collections that the user manages. The caller checks that the user may edit the target.

    If the target's team has no room for all pictures, none is moved. If an upload fills the team meanwhile, only the
    pictures of the earlier chunks are moved.
    """

    def move_chunk(chunk: list[int]) -> dict[int, list[int]]:
        movable = Image.objects.filter(pk__in=chunk, collection__in=Collection.objects.managed_by(user))
        return move_images(images=movable.not_trashed(), target=target)

    try:
        check_room_for_move(image_ids=image_ids, target=target)
    except ImageSearchError as error:
        return BulkResult(action_id=uuid.uuid4(), error=error)
    return _change_in_chunks(BulkAction.MOVE, image_ids, user, move_chunk)


def tag_in_bulk(*, image_ids: Iterable[int], tags: Sequence[str], max_tags: int, user: User) -> BulkResult:
    """Add tags to the pictures that the user may edit and that then have at most `max_tags`."""

    def tag_chunk(chunk: list[int]) -> dict[int, list[str]]:
        return tag_images(images=Image.objects.editable_by(user).filter(pk__in=chunk), tags=tags, max_tags=max_tags)

    return _change_in_chunks(BulkAction.TAG, image_ids, user, tag_chunk)


def change_dates_in_bulk(*, image_ids: Iterable[int], change: DateChange, user: User) -> BulkResult:
    """Change the dates of the pictures that the user may edit, as `change_dates` does."""

    def change_chunk(chunk: list[int]) -> PreviousDates:
        ids = Image.objects.editable_by(user).filter(pk__in=chunk).lock_ids()
        return change_dates(images=Image.objects.filter(pk__in=ids), change=change)

    return _change_in_chunks(BulkAction.DATE, image_ids, user, change_chunk)


def undo_bulk_action(*, action_id: uuid.UUID, user: User) -> UndoResult | None:
    """Undo the user's action for the pictures that they may still change.

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
    """Call `change` for each chunk. It returns the earlier state of the changed pictures for `UndoStep.previous`."""
    action_id, changed = uuid.uuid4(), list[int]()

    def write_chunk(chunk: list[int]) -> list[int]:
        if previous := change(chunk):
            UndoStep.objects.create(action_id=action_id, kind=kind, user=user, previous=previous)
        return _list_ids(kind, previous)

    try:
        for chunk_ids in write_in_chunks(image_ids, write_chunk):
            changed += chunk_ids
    except ImageSearchError as error:
        return BulkResult(action_id=action_id, image_ids=changed, error=error)
    return BulkResult(action_id=action_id, image_ids=changed)


def _list_ids(kind: BulkAction, previous: Any) -> list[int]:
    return list(chain.from_iterable(previous.values())) if kind == BulkAction.MOVE else list(previous)


@transaction.atomic
def _undo_step(step_id: int, user: User, undo: _Undo) -> int:
    """Undo and delete the step unless another call did; return how many pictures were changed."""
    step = UndoStep.objects.select_for_update().filter(pk=step_id).first()
    if step is None:
        return 0
    step.delete()
    return undo(step.previous, user)


def _undo_trash(previous: list[int], user: User, events: ImageEvents | None = None) -> int:
    return restore_images(images=Image.objects.in_trash_of(user).filter(pk__in=previous), events=events)


def _undo_tags(previous: Mapping[str, list[str]], user: User) -> int:
    return set_tags(images=Image.objects.editable_by(user), tags={int(pk): tags for pk, tags in previous.items()})


def _undo_move(previous: Mapping[str, list[int]], user: User) -> int:
    """Move the pictures back to their collections, except to deleted ones. Raises QuotaExceeded."""
    count = 0
    managed = Collection.objects.managed_by(user)
    for origin_id, image_ids in previous.items():
        if not (origin := Collection.objects.editable_by(user).filter(pk=int(origin_id)).first()):
            continue
        movable = Image.objects.not_trashed().filter(collection__in=managed, pk__in=image_ids)
        count += sum(map(len, move_images(images=movable, target=origin).values()))
    return count


def _undo_dates(previous: Mapping[str, Sequence[Any]], user: User) -> int:
    by_id = {int(image_id): fields for image_id, fields in previous.items()}
    return restore_dates(images=Image.objects.editable_by(user), previous=by_id)


_UNDO: Mapping[BulkAction, _Undo] = {
    BulkAction.TRASH: _undo_trash,
    BulkAction.MOVE: _undo_move,
    BulkAction.TAG: _undo_tags,
    BulkAction.DATE: _undo_dates,
}
