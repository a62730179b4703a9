"""Changes to pictures: edit, tag, move to another collection, and queue again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from django.db import transaction
from django.db.models import Count, Sum

from collections_app.errors import CollectionDeleted
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Image, IndexState, Team
from collections_app.models.concurrent_writes import write_in_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.services.library.dates import DateChange, change_dates
from collections_app.services.library.quotas import check_quota

_READ_CHUNK_SIZE = 5000


@transaction.atomic
def edit_image(
    *, image: Image, title: str, tags: Sequence[str], description: str | None = None, date: DateChange | None = None
) -> None:
    """Do nothing if the image was deleted meanwhile. Only changed tags and dates enqueue an index job.

    Without a description, the image keeps its own.
    """
    row = Image.objects.filter(pk=image.pk)
    row.update(title=title, **({} if description is None else {"description": description}))
    row.exclude(tags=list(tags)).update(tags=list(tags))
    if date:
        change_dates(images=row, change=date)


@transaction.atomic
def tag_images(*, images: ImageQuerySet, tags: Sequence[str], max_tags: int) -> dict[int, list[str]]:
    """Add tags to the images that then have at most `max_tags`; return the added tags of the changed ones by id."""
    added: dict[int, list[str]] = {}
    changed: dict[int, list[str]] = {}
    for image in images.order_by("pk").select_for_update(no_key=True).only("tags"):
        known = {tag.casefold() for tag in image.tags}
        new = [tag for tag in tags if tag.casefold() not in known]
        if new and len(image.tags) + len(new) <= max_tags:
            added[image.pk], changed[image.pk] = new, [*image.tags, *new]
    Image.objects.replace_tags(changed)
    return added


@transaction.atomic
def remove_tags(*, images: ImageQuerySet, tags: Mapping[int, Sequence[str]]) -> int:
    """Remove from each image the tags that `tags` maps to its id; return how many images were found."""
    rows = images.filter(pk__in=tags).order_by("pk").select_for_update(no_key=True).only("tags")
    remaining = {image.pk: [tag for tag in image.tags if tag not in tags[image.pk]] for image in rows}
    Image.objects.replace_tags(remaining)
    return len(remaining)


@transaction.atomic
def set_tags(*, images: ImageQuerySet, tags: Mapping[int, Sequence[str]]) -> int:
    """Store the tags that `tags` maps to each image id; return how many images were found."""
    image_ids = images.filter(pk__in=tags).lock_ids()
    Image.objects.replace_tags({image_id: tags[image_id] for image_id in image_ids})
    return len(image_ids)


@transaction.atomic
def move_images(*, images: ImageQuerySet, target: Collection) -> dict[int, list[int]]:
    """Move the images to another collection, perhaps of another team.

    Return the ids of the moved images by the id of their earlier collection. The caller passes only images and a
    target that the person may edit. The vectors follow by index jobs, without encoding. Raises CollectionDeleted, or
    QuotaExceeded with nothing moved.
    """
    team = Team.objects.select_for_update().get(pk=target.team_id)
    if not Collection.objects.not_trashed().filter(pk=target.pk).exists():
        raise CollectionDeleted(_("This collection was deleted. Select another one."))
    moved = Image.objects.filter(pk__in=images.exclude(collection=target).lock_ids())
    if room := _measure_incoming(moved, team.pk):
        check_quota(team=team, **room)
    previous: dict[int, list[int]] = {}
    for image_id, origin in moved.values_list("pk", "collection_id"):
        previous.setdefault(origin, []).append(image_id)
    moved.update(collection=target)
    return previous


def check_room_for_move(*, image_ids: Sequence[int], target: Collection) -> None:
    """Raise QuotaExceeded if the target's team has no room for the images of other teams."""
    total: Counter[str] = Counter()
    for start in range(0, len(image_ids), _READ_CHUNK_SIZE):
        chunk = image_ids[start : start + _READ_CHUNK_SIZE]
        total.update(_measure_incoming(Image.objects.filter(pk__in=chunk), target.team_id))
    if total:
        check_quota(team=target.team, **total)


def _measure_incoming(images: ImageQuerySet, team_id: int) -> dict[str, int]:
    """Return the room that the images of other teams need, as `check_quota` takes it; empty if there are none."""
    incoming = images.exclude(collection__team=team_id)
    needed = incoming.aggregate(images=Count("pk"), byte_size=Sum("byte_size", default=0))
    return needed if needed["images"] else {}


def iterate_by_id(images: ImageQuerySet, *, size: int = 500) -> Iterator[list[Image]]:
    """Yield all images in the order of their ids, in lists, each read by a statement of its own."""
    last_id = 0
    while chunk := list(images.filter(pk__gt=last_id).order_by("pk")[:size]):
        last_id = chunk[-1].pk
        yield chunk


def requeue_failed_images(*, images: ImageQuerySet) -> int:
    """Enqueue the images whose indexing failed; return how many."""
    return sum(write_in_chunks(list(images.failed().values_list("pk", flat=True)), _requeue_chunk))


def _requeue_chunk(image_ids: list[int]) -> int:
    failed = Image.objects.filter(pk__in=image_ids)
    count = failed.enqueue()
    failed.record_index_state(index_state=IndexState.PENDING, index_error="")
    return count
