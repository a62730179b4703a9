"""Public links: creating and revoking them, and checking their passwords."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F

from collections_app.errors import LimitReached
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, PublicLink, User
from collections_app.services.attempts import LINK_PASSWORD, take_attempt
from collections_app.services.sharing.owners import lock_owned_team

# The demo command creates them. Their link is no secret: every visitor of a demo site may search the collection.
DEMO_ACCOUNT = "demo@example.com"
DEMO_COLLECTION = "Animals"


def find_demo_link() -> PublicLink | None:
    """Return the public link of the demo's collection, or None if this is no demo site."""
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
    return PublicLink.objects.create(
        collection=collection,
        creator=creator,
        password=make_password(password) if password else "",
        expires_at=expires_at,
        allows_download=allows_download,
    )


def revoke_link(*, link: PublicLink) -> None:
    link.delete()


def check_link_password(*, link: PublicLink, password: str, address: str, device: str = "") -> bool:
    """Return whether the password is right. Raises TooManyAttempts.

    `address` is the client's IP address; `device` names a device that opened the link before.
    """
    attempt = take_attempt(policy=LINK_PASSWORD, subject=str(link.pk), address=address, device=device)
    if not check_password(password, link.password):
        return False
    attempt.give_back()
    return True
