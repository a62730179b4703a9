"""Changes to collections: create and rename."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import IntegrityError, transaction

from collections_app.errors import LimitReached, NameTaken
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Team, User


def create_collection(*, team: Team, name: str, creator: User) -> Collection:
    """Raises NameTaken or LimitReached."""
    most = settings.COLLECTIONS_PER_TEAM
    if most and Collection.objects.filter(team=team).count() >= most:
        sentence = _("“%(team)s” has %(most)s collections, trash included, which is the limit. Delete one first.")
        raise LimitReached(sentence, team=team.name, most=most)
    collection = Collection(team=team, name=name, creator=creator)
    with _translate_name_conflict(name):
        collection.save()
    return collection


def rename_collection(*, collection: Collection, name: str) -> None:
    """Raises NameTaken."""
    collection.name = name
    with _translate_name_conflict(name):
        Collection.objects.filter(pk=collection.pk).update(name=name)


@contextmanager
def _translate_name_conflict(name: str) -> Iterator[None]:
    """Raise NameTaken if the constraint on names rejects the write; it also decides between two simultaneous writes."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        sentence = _("A collection named “%(name)s” already exists. Use another name.")
        raise NameTaken(sentence, name=name) from error
