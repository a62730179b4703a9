"""Public links: creating and revoking them, and checking their passwords."""

import time
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.cache import cache
from django.db import transaction

from collections_app.errors import LimitReached, TooManyAttempts
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, PublicLink, User
from collections_app.services.sharing.owners import lock_owned_team


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    attempts: int
    period_s: int


_PER_ADDRESS = _Limit(attempts=10, period_s=600)
_PER_LINK = _Limit(attempts=100, period_s=3600)
_IPV6_CLIENT_BITS = 64  # a client usually has a whole /64 network


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


def check_link_password(*, link: PublicLink, password: str, address: str) -> bool:
    """Return whether the password is right. `address` is the client's IP address. Raises TooManyAttempts.

    Wrong passwords are limited per link and address, and per link. Each attempt takes its slots before the password is
    compared, so that concurrent attempts count. A right password gives them back: many people may share one address.
    """
    slots = _take_slots(link, address)
    if not check_password(password, link.password):
        return False
    cache.delete_many(slots)
    return True


def _take_slots(link: PublicLink, address: str) -> list[str]:
    key = f"link-password:{link.pk}"
    slots: list[str] = []
    for name, limit in ((f"{key}:{_get_network(address)}", _PER_ADDRESS), (key, _PER_LINK)):
        slot = _take_slot(name, limit)
        if slot is None:
            cache.delete_many(slots)
            raise TooManyAttempts(_("Too many attempts. Wait ten minutes and try again."))
        slots.append(slot)
    return slots


def _take_slot(name: str, limit: _Limit) -> str | None:
    """Return the cache key of a slot that is taken for one period from now; None where all are taken.

    Each period has keys of its own. `cache.add` then always inserts a row, which the table's primary key allows once;
    it would overwrite an expired row of the same key, and let two attempts at once do so.
    """
    period = int(time.time() // limit.period_s)
    keys = [(f"{name}:{period}:{slot}", f"{name}:{period - 1}:{slot}") for slot in range(limit.attempts)]
    taken = cache.get_many([key for pair in keys for key in pair])
    free = (current for current, previous in keys if current not in taken and previous not in taken)
    return next((key for key in free if cache.add(key, True, limit.period_s)), None)


def _get_network(address: str) -> str:
    ip = ip_address(address)
    return str(ip_network((ip, _IPV6_CLIENT_BITS), strict=False)) if ip.version == 6 else address
