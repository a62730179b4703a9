"""Changes people make to what is there already: collections and the pictures in them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from collections_app.errors import NameTaken
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Image, IndexState, Team, User
from collections_app.models.image import ImageQuerySet


def create_collection(*, team: Team, name: str, creator: User) -> Collection:
    """Raises NameTaken."""
    collection = Collection(team=team, name=name, creator=creator)
    with _unless_taken(name):
        collection.save()
    return collection


def rename_collection(*, collection: Collection, name: str) -> None:
    """Raises NameTaken."""
    collection.name = name
    with _unless_taken(name):
        Collection.objects.filter(pk=collection.pk).update(name=name)


@transaction.atomic
def edit_image(*, image: Image, title: str, tags: Sequence[str]) -> None:
    """What was deleted meanwhile stays deleted. The index is troubled only where the tags differ."""
    there = Image.objects.filter(pk=image.pk)
    there.update(title=title)
    there.exclude(tags=list(tags)).update(tags=list(tags))


@transaction.atomic
def tag_images(*, images: ImageQuerySet, tags: Sequence[str], most: int) -> dict[int, list[str]]:
    """Add tags to those images that then have at most `most`; return the tags that the changed ones had before."""
    before: dict[int, list[str]] = {}
    for image in images.only("tags"):
        known = {tag.casefold() for tag in image.tags}
        after = [*image.tags, *(tag for tag in tags if tag.casefold() not in known)]
        if len(after) > len(image.tags) and len(after) <= most:
            before[image.pk] = image.tags
            Image.objects.filter(pk=image.pk).update(tags=after)
    return before


@transaction.atomic
def set_tags(*, images: ImageQuerySet, tags: Mapping[int, Sequence[str]]) -> int:
    """Give each of the images the tags named for it; return how many."""
    known = list(images.filter(pk__in=tags).values_list("pk", flat=True))
    for image_id in known:
        Image.objects.filter(pk=image_id).update(tags=list(tags[image_id]))
    return len(known)


@transaction.atomic
def retry_indexing(*, images: ImageQuerySet) -> int:
    """Queue the failed ones among the images anew; return how many."""
    failed = images.filter(pk__in=list(images.failed().values_list("pk", flat=True)))
    count = failed.enqueue()
    failed.record_index_state(index_state=IndexState.PENDING, index_error="")
    return count


@contextmanager
def _unless_taken(name: str) -> Iterator[None]:
    """The constraint decides, so two people choosing one name at once cannot both have it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        sentence = _("There is a collection named “%(name)s” already. Choose another name.")
        raise NameTaken(sentence, name=name) from error
