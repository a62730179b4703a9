"""The trash: deleted collections and pictures, hidden from every search, restored or purged after TRASH_DAYS."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from collections_app.models import AuditAction, Collection, Image, ImageTotal, Team, User
from collections_app.models.collection import CollectionQuerySet
from collections_app.models.concurrent_writes import write_in_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.names import find_free_name
from collections_app.services.audit_trail import ImageEvents, record_event


def trash_images(*, images: ImageQuerySet, trasher: User) -> int:
    """Move the images that are not in the trash to it; return how many."""
    return images.not_trashed().update(trashed_at=timezone.now(), trasher=trasher)


def trash_collection(*, collection: Collection, trasher: User) -> int:
    """Move the collection and its pictures to the trash; return how many pictures. Its links and shares stop working.

    The collection is hidden at once, and its pictures are moved in chunks. Maintenance moves the rest after an
    interruption. Uploads in progress wait for the lock on the team and then find the collection in the trash.
    """
    with transaction.atomic():
        if _mark_collection_trashed(collection):
            count = ImageTotal.objects.not_trashed().filter(collection=collection).sum_images()
            _record(AuditAction.COLLECTION_TRASHED, collection, trasher, count=count)
    return _trash_hidden_images(Image.objects.filter(collection=collection), trasher)


@transaction.atomic
def _mark_collection_trashed(collection: Collection) -> int:
    """Return 0 if the collection is in the trash or deleted already."""
    _lock_teams([collection.team_id])
    return Collection.objects.not_trashed().filter(pk=collection.pk).update(trashed_at=timezone.now())


def trash_images_of_trashed_collections() -> int:
    """Finish the work of an interrupted `trash_collection`; return how many images were moved."""
    return _trash_hidden_images(Image.objects.all(), None)


def _trash_hidden_images(images: ImageQuerySet, trasher: User | None) -> int:
    """Move the images of trashed collections to the trash, except where the collection is restored meanwhile."""
    hidden = Image.objects.not_trashed().filter(collection__trashed_at__isnull=False)
    return (images & hidden).update_in_chunks(trashed_at=timezone.now(), trasher=trasher)


def restore_in_chunks(*, images: ImageQuerySet, restorer: User | None = None) -> int:
    """Restore the trashed images like `restore_images`, in short transactions."""
    ids = list(images.trashed().values_list("pk", flat=True))
    events = ImageEvents(action=AuditAction.IMAGES_RESTORED, actor=restorer)
    return sum(write_in_chunks(ids, lambda chunk: restore_images(images=images.filter(pk__in=chunk), events=events)))


@transaction.atomic
def restore_images(*, images: ImageQuerySet, events: ImageEvents | None = None) -> int:
    """Restore the trashed images and their trashed collections; return how many images.

    `events` are those of an action of which this is a part.
    """
    events = events or ImageEvents(action=AuditAction.IMAGES_RESTORED, actor=None)
    trashed = Image.objects.trashed().filter(pk__in=list(images.values_list("pk", flat=True)))
    collections = Collection.objects.exclude(trashed_at=None).filter(pk__in=trashed.values("collection"))
    _lock_teams(collections.values_list("team_id", flat=True))
    for collection in collections:
        restore_collection(collection=collection, restorer=events.actor)
    restored = Image.objects.filter(pk__in=trashed.lock_ids())
    events.add(restored)
    return restored.update(trashed_at=None, trasher=None)


@transaction.atomic
def restore_collection(*, collection: Collection, restorer: User | None = None) -> None:
    """Restore the collection without its pictures, under another name if its own is taken."""
    collection.trashed_at = None
    collection.name = _find_free_name(collection)
    collection.save(update_fields=["trashed_at", "name"])
    _record(AuditAction.COLLECTION_RESTORED, collection, restorer)


def purge_trash(*, images: ImageQuerySet | None = None, purger: User | None = None) -> int:
    """Delete permanently the images trashed TRASH_DAYS ago, or the given trashed images; return how many."""
    due = images.trashed() if images is not None else _find_overdue()
    purged = due.delete_in_chunks(record=ImageEvents(action=AuditAction.IMAGES_DELETED, actor=purger).add)
    for collection in Collection.objects.filter(trashed_at__lt=_compute_deadline(), images=None):
        _delete_empty_collection(collection, None)
    return purged


def delete_collection(*, collection: Collection, deleter: User | None = None) -> None:
    """Delete the collection permanently, after its images. It is hidden meanwhile, so that nothing is added."""
    _mark_collection_trashed(collection)
    events = ImageEvents(action=AuditAction.IMAGES_DELETED, actor=deleter)
    Image.objects.filter(collection=collection).delete_in_chunks(record=events.add)
    _delete_empty_collection(collection, deleter)


@transaction.atomic
def _delete_empty_collection(collection: Collection, deleter: User | None) -> None:
    """Do nothing if it was restored or deleted meanwhile."""
    _lock_teams([collection.team_id])
    if Collection.objects.filter(pk=collection.pk, trashed_at__isnull=False, images=None).exists():
        _record(AuditAction.COLLECTION_DELETED, collection, deleter)
        collection.delete()


def _record(action: AuditAction, collection: Collection, actor: User | None, **details: object) -> None:
    record_event(action=action, actor=actor, team=collection.team, target=collection, details=details)


@transaction.atomic
def delete_if_empty(*, collections: CollectionQuerySet, deleter: User) -> None:
    """Delete the collections permanently that have no pictures, also none in the trash, and are not shared.

    As in `trash_collection`, uploads in progress wait for the lock on the team.
    """
    _lock_teams(collections.values_list("team_id", flat=True))
    unused = collections.filter(images=None, shares=None, invitations=None, public_links=None, guest_links=None)
    for collection in unused.select_related("team"):
        _record(AuditAction.COLLECTION_DELETED, collection, deleter)
        collection.delete()


def _find_overdue() -> ImageQuerySet:
    return Image.objects.filter(trashed_at__lt=_compute_deadline())


def _compute_deadline() -> datetime:
    return timezone.now() - timedelta(days=settings.TRASH_DAYS)


def _lock_teams(team_ids: Iterable[int]) -> None:
    """Lock the teams in the order of their ids, which prevents deadlocks."""
    list(Team.objects.select_for_update().filter(pk__in=set(team_ids)).order_by("pk"))


def _find_free_name(collection: Collection) -> str:
    others = Collection.objects.not_trashed().filter(team=collection.team_id).exclude(pk=collection.pk)
    return find_free_name(collection.name, taken=set(others.values_list("folded_name", flat=True)))
