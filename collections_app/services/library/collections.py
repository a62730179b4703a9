"""Changes to collections: create, describe and select a cover."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import IntegrityError, transaction

from collections_app.errors import LimitReached, NameMissing, NameTaken
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, Collection, Image, Team, User
from collections_app.models.names import clean_name
from collections_app.services.audit_trail import record_event


def create_collection(*, team: Team, name: str, creator: User) -> Collection:
    """Raises NameTaken, NameMissing or LimitReached."""
    most = settings.COLLECTIONS_PER_TEAM
    if most and Collection.objects.filter(team=team).count() >= most:
        sentence = _("“%(team)s” has %(most)s collections, trash included, which is the limit. Delete one first.")
        raise LimitReached(sentence, team=team.name, most=most)
    collection = Collection(team=team, name=_require_name(name), creator=creator)
    with _translate_name_conflict(name):
        collection.save()
    return collection


def describe_collection(*, collection: Collection, name: str, description: str, editor: User) -> None:
    """Change the name and the description. Raises NameTaken or NameMissing."""
    former_name = collection.name
    collection.name, collection.description = _require_name(name), description.strip()
    with _translate_name_conflict(name):
        changed = {"name": collection.name, "description": collection.description}
        Collection.objects.filter(pk=collection.pk).update(**changed)
        if collection.name != former_name:
            action, team = AuditAction.COLLECTION_RENAMED, collection.team
            details = {"former_name": former_name}
            record_event(action=action, actor=editor, team=team, target=collection, details=details)


def select_cover(*, collection: Collection, image: Image | None) -> None:
    """Show a picture of the collection on its card; None shows the newest."""
    Collection.objects.filter(pk=collection.pk).update(selected_cover=image)


def _require_name(name: str) -> str:
    cleaned = clean_name(name)
    if not cleaned:
        raise NameMissing(_("Enter a name with at least one visible character."))
    return cleaned


@contextmanager
def _translate_name_conflict(name: str) -> Iterator[None]:
    """Raise NameTaken if the constraint on names rejects the write; it also decides between two simultaneous writes."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        sentence = _("A collection named “%(name)s” already exists. Use another name.")
        raise NameTaken(sentence, name=name) from error
