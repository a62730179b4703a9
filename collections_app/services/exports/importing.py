"""Importing an export into a new or an empty team, through the ordinary uploads. A repeated import continues."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from collections_app.errors import ImportRefused, InvalidImage, LimitReached
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Image, Team, TeamImport, User
from collections_app.models.id_list import HasOneOfIds
from collections_app.models.ids import parse_id
from collections_app.models.names import clean_name
from collections_app.models.team import TeamQuerySet
from collections_app.services.duplicates.decisions import dismiss_duplicates
from collections_app.services.exports.document import ExportedCollection, ExportedImage, ExportedTeam
from collections_app.services.exports.sources import ExportSource, open_image_file
from collections_app.services.leases import Heartbeat
from collections_app.services.library.collections import create_collection, describe_collection, select_cover
from collections_app.services.library.favourites import add_favourites
from collections_app.services.sharing.teams import create_team
from collections_app.services.uploads.ingest import ingest_upload

IMPORT_LEASE_S = 15.0


@dataclass(slots=True, kw_only=True)
class ImportResult:
    """What this run did. `problems` has a sentence for each thing that was not imported."""

    team: Team
    imported: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


@transaction.atomic
def start_import(*, exported: ExportedTeam, digest: str, owner: User, name: str = "") -> TeamImport:
    """Return the import to continue, or begin one in the owner's empty team of this name or id, or in a new team.

    The lock on the owner prevents two processes from making a team each. Raises ImportRefused or LimitReached.
    """
    list(User.objects.select_for_update(no_key=True).filter(pk=owner.pk).values_list("pk"))
    owned = _match_name(Team.objects.owned_by(owner), name)
    if earlier := TeamImport.objects.filter(digest=digest, team__in=owned).select_related("team").first():
        if earlier.finished_at:
            sentence = _("This export was imported into the team “%(team)s” already. Name another team.")
            raise ImportRefused(sentence, team=earlier.team.name)
        return earlier
    found = list(owned[:2]) if name else []
    if len(found) > 1:
        raise ImportRefused(_("Several teams have this name. Use the ID instead."))
    team = found[0] if found else create_team(name=clean_name(name) or exported.name, owner=owner)
    if TeamImport.objects.filter(team=team).exists() or Collection.objects.filter(team=team).exists():
        raise ImportRefused(_("The team “%(team)s” is not empty. Name another team."), team=team.name)
    return TeamImport.objects.create(team=team, digest=digest)


def import_team(
    *,
    exported: ExportedTeam,
    source: ExportSource,
    running: TeamImport,
    owner: User,
    on_image: Callable[[], None],
) -> ImportResult:
    """Import what is not there yet. `on_image` is called after each picture; what it raises stops the import.

    Raises ImportRefused if another process imports the same export; QuotaExceeded, LimitReached, InvalidExport,
    OSError or StorageUnavailable in the middle. The same call continues.
    """
    result = ImportResult(team=running.team)
    with _hold_lease(running):
        collections = {each.folder: _get_or_create(each, running.team, owner) for each in exported.collections}
        images = _Images(collections.values())
        imported: dict[str, int] = {}
        for each in exported.images:
            try:
                image = images.take(collections[each.folder], each)
                is_new = image is None
                if image is None:
                    image = _upload(each, source, collections[each.folder], owner)
                _store_details(image, each)
                imported[each.file] = image.pk
                result.imported, result.known = result.imported + is_new, result.known + (not is_new)
            except InvalidImage as error:
                result.problems.append(f"{each.file}: {error}")
            on_image()
        result.problems += _finish(running, exported, imported, owner)
    return result


class _Images:
    """The pictures that the team has already. Each is found once, so that copies with the same bytes stay copies."""

    def __init__(self, collections: Iterable[Collection]) -> None:
        self._found: dict[tuple[int, str, str], list[Image]] = defaultdict(list)
        rows = Image.objects.not_trashed().filter(collection__in=[each.pk for each in collections])
        for image in rows.order_by("-pk").iterator():
            self._found[image.collection_id, image.sha256, image.original_name].append(image)

    def take(self, collection: Collection, exported: ExportedImage) -> Image | None:
        found = self._found.get((collection.pk, exported.sha256, exported.original_name))
        return found.pop() if found else None


def _match_name(teams: TeamQuerySet, name: str) -> TeamQuerySet:
    """A name may consist of digits. It is an id if the owner has a team with this id."""
    if not name:
        return teams
    with_id = teams.filter(pk=parse_id(name) or 0) if name.isdecimal() else teams.none()
    return with_id if with_id.exists() else teams.filter(name=clean_name(name))


@contextmanager
def _hold_lease(running: TeamImport) -> Iterator[None]:
    """Two processes that import the same export would create everything twice. Raises ImportRefused."""
    lease = uuid.uuid4()
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    if not TeamImport.objects.filter(free, pk=running.pk, finished_at=None).update(**_build_lease(lease)):
        raise ImportRefused(_("Another process imports this export, or has just stopped. Try again in 15 seconds."))

    def renew() -> None:
        TeamImport.objects.filter(pk=running.pk, lease=lease).update(**_build_lease(lease))

    try:
        with Heartbeat(renew=renew, lease_s=IMPORT_LEASE_S):
            yield
    finally:
        TeamImport.objects.filter(pk=running.pk, lease=lease).update(lease=None, leased_until=None)


def _build_lease(lease: uuid.UUID) -> dict[str, object]:
    return {"lease": lease, "leased_until": timezone.now() + timedelta(seconds=IMPORT_LEASE_S)}


def _get_or_create(exported: ExportedCollection, team: Team, owner: User) -> Collection:
    found = Collection.objects.named(exported.name).filter(team=team).first()
    collection = found or create_collection(team=team, name=exported.name, creator=owner)
    describe_collection(collection=collection, name=exported.name, description=exported.description, editor=owner)
    Collection.objects.filter(pk=collection.pk).update(created_at=exported.created_at)
    return collection


def _upload(exported: ExportedImage, source: ExportSource, collection: Collection, owner: User) -> Image:
    with open_image_file(source, exported) as file:
        return ingest_upload(
            file=file, file_name=exported.original_name, collection=collection, uploader=owner, accepts_copy=True
        ).image


def _store_details(image: Image, exported: ExportedImage) -> None:
    """Store what people entered about the picture."""
    values = {
        "title": exported.title,
        "description": exported.description,
        "tags": list(exported.tags),
        "taken_at": exported.taken_at,
        "taken_offset_minutes": exported.taken_offset_minutes,
        "has_taken_time": exported.has_taken_time,
        "date_edited_at": exported.date_edited_at,
        "created_at": exported.created_at,
    }
    if any(getattr(image, name) != value for name, value in values.items()):
        Image.objects.filter(pk=image.pk).update(**values)


@transaction.atomic
def _finish(running: TeamImport, exported: ExportedTeam, imported: dict[str, int], owner: User) -> list[str]:
    """Select the covers, give the hearts and record the end; return problems. A killed import has done none of it."""
    problems: list[str] = []
    covers = [imported[each.file] for each in exported.images if each.is_cover and each.file in imported]
    for image in Image.objects.filter(pk__in=covers).with_collection():
        select_cover(collection=image.collection, image=image)
    loved = [imported[each.file] for each in exported.images if each.is_favourite and each.file in imported]
    try:
        add_favourites(user=owner, images=Image.objects.filter(HasOneOfIds(loved)))
    except LimitReached as error:
        problems.append(f"The favourites were not imported: {error}")
    for group in exported.different_pictures:
        ids = [imported[file] for file in group if file in imported]
        dismiss_duplicates(team=running.team, image_ids=ids, member=owner)
    TeamImport.objects.filter(pk=running.pk).update(finished_at=timezone.now())
    return problems
