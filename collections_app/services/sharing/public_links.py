"""Public links: creating, changing and revoking them, and checking their passwords."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

from collections_app.errors import LimitReached, NotAllowed
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, Collection, PublicLink, User
from collections_app.services.attempts import LINK_PASSWORD, take_attempt
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.owners import lock_owned_team, lock_team

# The demo command makes them. Every visitor of a demo site may search the collection, so its link is no secret.
DEMO_ACCOUNT = "demo@example.com"
DEMO_COLLECTION = "Animals"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """New settings of a public link. `password`: None keeps the password, an empty string removes it."""

    password: str | None
    expires_at: datetime | None
    allows_download: bool
    further_collections: Sequence[Collection]


@transaction.atomic
def create_link(
    *,
    collection: Collection,
    creator: User,
    password: str = "",
    expires_at: datetime | None = None,
    allows_download: bool = False,
) -> PublicLink:
    """Raises NotAllowed if the creator is no owner of the collection's team, and LimitReached."""
    lock_owned_team(team_id=collection.team_id, owner=creator)
    most = settings.PUBLIC_LINKS_PER_COLLECTION
    if most and PublicLink.objects.filter(collection=collection).count() >= most:
        sentence = _("This collection has %(most)s public links, which is the limit. Revoke one first.")
        raise LimitReached(sentence, most=most)
    link = PublicLink.objects.create(
        collection=collection,
        creator=creator,
        password=make_password(password) if password else "",
        expires_at=expires_at,
        allows_download=allows_download,
    )
    _record(AuditAction.LINK_CREATED, link, creator)
    return link


@transaction.atomic
def change_link(*, link: PublicLink, changer: User, change: LinkChange) -> None:
    """Raises NotAllowed if `changer` is no owner of the team, which all further collections must belong to."""
    team_id = link.collection.team_id
    lock_owned_team(team_id=team_id, owner=changer)
    if any(each.team_id != team_id for each in change.further_collections):
        raise NotAllowed(_("A public link shows collections of one team."))
    values: dict[str, Any] = {"expires_at": change.expires_at, "allows_download": change.allows_download}
    if change.password is not None:
        values["password"] = make_password(change.password) if change.password else ""
    if PublicLink.objects.filter(pk=link.pk).update(**values):
        link.further_collections.set(change.further_collections)
        _record(AuditAction.LINK_CHANGED, link, changer)


def separate_links(collection: Collection) -> None:
    """Remove the collection from links of others, and others from its links, after it moved to another team."""
    joined = PublicLink.further_collections.through.objects
    joined.filter(Q(collection=collection) | Q(publiclink__collection=collection)).delete()


@transaction.atomic
def remove_from_link(*, link: PublicLink, collection: Collection, remover: User) -> None:
    link.further_collections.remove(collection)
    _record(AuditAction.LINK_CHANGED, link, remover)


@transaction.atomic
def revoke_link(*, link: PublicLink, revoker: User) -> None:
    lock_team(link.collection.team_id)
    if PublicLink.objects.filter(pk=link.pk).exists():
        _record(AuditAction.LINK_REVOKED, link, revoker)
        link.delete()


def _record(action: AuditAction, link: PublicLink, actor: User) -> None:
    record_event(action=action, actor=actor, team=link.collection.team, target=link)


def find_demo_link() -> PublicLink | None:
    """Return the public link of the demo's collection, or None if this is not a demo site."""
    if settings.CLIP_MODEL != "demo":
        return None
    of_demo = PublicLink.objects.working().filter(
        creator__email=DEMO_ACCOUNT,
        collection__name=DEMO_COLLECTION,
        collection__team__personal_of=F("creator"),
        password="",
        expires_at=None,
    )
    return of_demo.order_by("pk").first()


def make_collection_key(link: PublicLink, collection: Collection) -> str:
    """Return the collection's id in the addresses of the link. It does not reveal the primary key."""
    return salted_hmac("collections of public links", f"{link.secret}:{collection.pk}").hexdigest()[:20]


def check_link_password(*, link: PublicLink, password: str, address: str, device: str = "") -> bool:
    """Return whether the password is right. Raises TooManyAttempts.

    `address` is the client's IP address; `device` names a device that opened the link before.
    """
    attempt = take_attempt(policy=LINK_PASSWORD, subject=str(link.pk), address=address, device=device)
    if not check_password(password, link.password):
        return False
    attempt.give_back()
    return True
