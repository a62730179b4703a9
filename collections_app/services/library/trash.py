"""The trash: what is deleted lies there for some days, found by nobody, and can be restored; then it is purged."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from collections_app.models import Collection, Image, Team, User
from collections_app.models.image import ImageQuerySet

_CHUNK = 500


def trash_images(*, images: ImageQuerySet, trasher: User) -> int:
    """Put those of the images that are not there yet into the trash; return how many."""
    return images.not_trashed().update(trashed_at=timezone.now(), trasher=trasher)


@transaction.atomic
def trash_collection(*, collection: Collection, trasher: User) -> int:
    """Put the collection and its pictures into the trash; return how many pictures. Its public links and shares rest.

    The lock on the team makes uploads that are on their way see that the collection is gone.
    """
    _lock_teams([collection.team_id])
    Collection.objects.filter(pk=collection.pk).update(trashed_at=timezone.now())
    return trash_images(images=Image.objects.filter(collection=collection), trasher=trasher)


@transaction.atomic
def restore_images(*, images: ImageQuerySet) -> int:
    """Take images out of the trash, and with them the collections they lay in; return how many."""
    trashed = images.trashed()
    lost = Collection.objects.exclude(trashed_at=None).filter(pk__in=trashed.values("collection"))
    _lock_teams(lost.values_list("team_id", flat=True))
    for collection in lost:
        restore_collection(collection=collection)
    return trashed.update(trashed_at=None, trasher=None)


def restore_collection(*, collection: Collection) -> None:
    """Take the collection out of the trash, without its pictures; under another name if its own is taken by now."""
    collection.trashed_at = None
    collection.name = _free_name(collection)
    collection.save(update_fields=["trashed_at", "name"])


def purge_trash(*, images: ImageQuerySet | None = None) -> int:
    """Delete for good what has lain in the trash for TRASH_DAYS, or these images of it; return how many pictures."""
    due = images.trashed() if images is not None else _overdue()
    purged = 0
    while chunk := list(due[:_CHUNK]):
        with transaction.atomic():
            Image.objects.filter(pk__in=[image.pk for image in chunk]).trashed().delete()
        purged += len(chunk)
    Collection.objects.filter(trashed_at__lt=_purge_before(), images=None).delete()
    return purged


def _overdue() -> ImageQuerySet:
    return Image.objects.filter(trashed_at__lt=_purge_before())


def _purge_before() -> datetime:
    return timezone.now() - timedelta(days=settings.TRASH_DAYS)


def _lock_teams(team_ids: Iterable[int]) -> None:
    """In the order of their ids, so that two who lock several do not wait for each other."""
    list(Team.objects.select_for_update().filter(pk__in=set(team_ids)).order_by("pk"))


def _free_name(collection: Collection) -> str:
    taken = set(
        Collection.objects.not_trashed()
        .filter(team=collection.team_id)
        .exclude(pk=collection.pk)
        .values_list("name", flat=True)
    )
    folded = {name.casefold() for name in taken}
    name, number = collection.name, 2
    while name.casefold() in folded:
        suffix = f" ({number})"
        name, number = collection.name[: 100 - len(suffix)] + suffix, number + 1
    return name
