"""The trash: deleted collections and pictures, hidden from every search, restored or purged after TRASH_DAYS."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from collections_app.models import Collection, Image, Team, User
from collections_app.models.collection import CollectionQuerySet
from collections_app.models.concurrent_writes import write_in_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.names import find_free_name


def trash_images(*, images: ImageQuerySet, trasher: User) -> int:
    """Move the images that are not in the trash to it; return how many."""
    return images.not_trashed().update(trashed_at=timezone.now(), trasher=trasher)


def trash_collection(*, collection: Collection, trasher: User) -> int:
    """Move the collection and its pictures to the trash; return how many pictures. Its links and shares stop working.

    The collection is hidden at once, and its pictures are moved in chunks. Maintenance moves the rest after an
    interruption. Uploads in progress wait for the lock on the team and then find the collection in the trash.
    """
    _mark_collection_trashed(collection)
    return _trash_hidden_images(Image.objects.filter(collection=collection), trasher)


@transaction.atomic
def _mark_collection_trashed(collection: Collection) -> None:
    _lock_teams([collection.team_id])
    Collection.objects.filter(pk=collection.pk).update(trashed_at=timezone.now())


def trash_images_of_trashed_collections() -> int:
    """Finish the work of an interrupted `trash_collection`; return how many images were moved."""
    return _trash_hidden_images(Image.objects.all(), None)


def _trash_hidden_images(images: ImageQuerySet, trasher: User | None) -> int:
    """Move the images of trashed collections to the trash, except where the collection is restored meanwhile."""
    hidden = Image.objects.not_trashed().filter(collection__trashed_at__isnull=False)
    return (images & hidden).update_in_chunks(trashed_at=timezone.now(), trasher=trasher)


def restore_in_chunks(*, images: ImageQuerySet) -> int:
    """Restore the trashed images like `restore_images`, in short transactions."""
    ids = list(images.trashed().values_list("pk", flat=True))
    return sum(write_in_chunks(ids, lambda chunk: restore_images(images=images.filter(pk__in=chunk))))


@transaction.atomic
def restore_images(*, images: ImageQuerySet) -> int:
    """Restore the trashed images and their trashed collections; return how many images."""
    trashed = Image.objects.trashed().filter(pk__in=list(images.values_list("pk", flat=True)))
    collections = Collection.objects.exclude(trashed_at=None).filter(pk__in=trashed.values("collection"))
    _lock_teams(collections.values_list("team_id", flat=True))
    for collection in collections:
        restore_collection(collection=collection)
    return Image.objects.filter(pk__in=trashed.lock_ids()).update(trashed_at=None, trasher=None)


def restore_collection(*, collection: Collection) -> None:
    """Restore the collection without its pictures, under another name if its own is taken."""
    collection.trashed_at = None
    collection.name = _find_free_name(collection)
    collection.save(update_fields=["trashed_at", "name"])


def purge_trash(*, images: ImageQuerySet | None = None) -> int:
    """Delete permanently the images trashed TRASH_DAYS ago, or the given trashed images; return how many."""
    due = images.trashed() if images is not None else _find_overdue()
    purged = due.delete_in_chunks()
    Collection.objects.filter(trashed_at__lt=_compute_deadline(), images=None).delete()
    return purged


def delete_collection(*, collection: Collection) -> None:
    """Delete the collection permanently, after its images. It is hidden meanwhile, so that nothing is added."""
    _mark_collection_trashed(collection)
    Image.objects.filter(collection=collection).delete_in_chunks()
    collection.delete()


@transaction.atomic
def delete_if_empty(*, collections: CollectionQuerySet) -> None:
    """Delete the collections permanently that have no pictures, also none in the trash, and are not shared.

    As in `trash_collection`, uploads in progress wait for the lock on the team.
    """
    _lock_teams(collections.values_list("team_id", flat=True))
    unused = collections.filter(images=None, shares=None, invitations=None, public_links=None, guest_links=None)
    Collection.objects.filter(pk__in=list(unused.values_list("pk", flat=True))).delete()


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
