"""Favourites: adding and removing them."""

from collections.abc import Sequence

from collections_app.errors import LimitReached
from collections_app.errors import gettext_noop as _
from collections_app.models import Favourite, Image, User
from collections_app.models.concurrent_writes import write_in_chunks
from collections_app.models.image import ImageQuerySet

# As many as a search for `is:favourite` can send to the index.
MAX_FAVOURITES = 10_000


def set_favourite(*, user: User, image: Image, is_favourite: bool) -> None:
    """Add or remove a favourite. The caller checks that the person may see the image. Raises LimitReached."""
    if is_favourite:
        add_favourites(user=user, images=Image.objects.filter(pk=image.pk))
    else:
        Favourite.objects.filter(user=user, image=image).delete()


def add_favourites(*, user: User, images: ImageQuerySet) -> int:
    """Add the images that are no favourites yet; return how many.

    The caller passes only images that the person may see. Raises LimitReached, with nothing changed.
    """
    known = Favourite.objects.filter(user=user)
    wanted = images.exclude(pk__in=known.values("image")).order_by("created_at", "pk")
    ids = list(wanted.values_list("pk", flat=True)[: MAX_FAVOURITES + 1])
    if ids and known.count() + len(ids) > MAX_FAVOURITES:
        raise LimitReached(_("You can have at most %(most)s favourites."), most=MAX_FAVOURITES)
    for _each in write_in_chunks(ids, lambda chunk: _store(user, chunk)):
        pass
    return len(ids)


def _store(user: User, image_ids: Sequence[int]) -> None:
    Favourite.objects.bulk_create(
        (Favourite(user=user, image_id=image_id) for image_id in image_ids), ignore_conflicts=True
    )
