"""Rate limits: how often a person may invite, and how often visitors may use a public link.

Invitations are counted in the database, with the row that is written anyway. Visits are counted in the memory of each
process: a counter that is no promise must not wait for the database.
"""

import time
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.cache import cache, caches

from collections_app.errors import TooManyRequests
from collections_app.errors import gettext_noop as _
from collections_app.models import PublicLink, User

_MINUTE_S, _HOUR_S = 60, 3600
_IPV6_CLIENT_BITS = 64  # a client usually has a whole /64 network
# All visitors of a link together may do this many times as much as one of them.
_VISITORS_PER_LINK = 10


def count_invitation(*, inviter: User) -> None:
    """Raises TooManyRequests if the person sent as many invitations in the last hour as one account may."""
    most = settings.INVITATIONS_PER_HOUR
    if most and not _count_in_database(f"invitations:{inviter.pk}", most, _HOUR_S):
        sentence = _("You sent %(most)s invitations within an hour, which is the limit. Try again in an hour.")
        raise TooManyRequests(sentence, most=most)


def count_link_search(*, link: PublicLink, address: str) -> None:
    """`address` is the visitor's IP address. Raises TooManyRequests."""
    if not _count_visit("searches", link, address, settings.LINK_SEARCHES_PER_MINUTE):
        raise TooManyRequests(_("Too many searches of this collection. Wait a minute, then try again."))


def count_link_download(*, link: PublicLink, address: str) -> None:
    """`address` is the visitor's IP address. Raises TooManyRequests."""
    if not _count_visit("downloads", link, address, settings.LINK_DOWNLOADS_PER_MINUTE):
        raise TooManyRequests(_("Too many downloads from this collection. Wait a minute, then try again."))


def _count_visit(name: str, link: PublicLink, address: str, most: int) -> bool:
    """Return whether neither the visitor on this link nor the link has reached its limit."""
    if not most:
        return True
    key = f"link-{name}:{link.pk}"
    is_visitor_allowed = _count_in_memory(f"{key}:{_get_client_network(address)}", most, _MINUTE_S)
    return is_visitor_allowed and _count_in_memory(key, most * _VISITORS_PER_LINK, _MINUTE_S)


def _count_in_database(name: str, most: int, period_s: int) -> bool:
    """Count one use in the current period, and return whether it is within the limit."""
    key = _build_key(name, period_s)
    used = cache.get(key, 0)
    if used < most:
        cache.set(key, used + 1, period_s)
    return bool(used < most)


def _count_in_memory(name: str, most: int, period_s: int) -> bool:
    """Count one use in the current period in this process, and return whether it is within the limit."""
    counters, key = caches["counters"], _build_key(name, period_s)
    counters.add(key, 0, period_s)
    try:
        return counters.incr(key) <= most
    except ValueError:  # the period ended, or the memory of counters is full
        return True


def _build_key(name: str, period_s: int) -> str:
    return f"{name}:{int(time.time() // period_s)}"


def _get_client_network(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:  # a proxy may report a name
        return address
    return str(ip_network((ip, _IPV6_CLIENT_BITS), strict=False)) if ip.version == 6 else address
