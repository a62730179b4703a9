"""Changes people make to what is there already: collections and the pictures in them."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from collections_app.errors import NameTaken
from collections_app.models import Collection, Image, IndexState, Team, User
from collections_app.models.image import ImageQuerySet


def create_collection(*, team: Team, name: str, creator: User) -> Collection:
    """Raises NameTaken."""
    collection = Collection(team=team, name=name, creator=creator)
    _save_name(collection)
    return collection


def rename_collection(*, collection: Collection, name: str) -> None:
    """Raises NameTaken."""
    collection.name = name
    _save_name(collection, update_fields=["name"])


def edit_image(*, image: Image, title: str, tags: Sequence[str]) -> None:
    image.title, image.tags = title, list(tags)
    image.save(update_fields=["title", "tags"])


@transaction.atomic
def retry_indexing(*, images: ImageQuerySet) -> int:
    """Queue the failed ones among the images anew; return how many."""
    failed = images.filter(pk__in=list(images.failed().values_list("pk", flat=True)))
    count = failed.enqueue()
    failed.record_index_state(index_state=IndexState.PENDING, index_error="")
    return count


def _save_name(collection: Collection, update_fields: list[str] | None = None) -> None:
    """The constraint decides, so two people choosing one name at once cannot both have it."""
    try:
        with transaction.atomic():
            collection.save(update_fields=update_fields)
    except IntegrityError as error:
        raise NameTaken(f"There is a collection named “{collection.name}” already. Choose another name.") from error
