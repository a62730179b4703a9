"""Rate limits: how often a person may invite, and how often visitors may use a public link.

Invitations are counted in the database, like attempts. Visits are counted in the memory of each process: their number
need not be exact, and a search must not wait for the database to write.
"""

import time

from django.conf import settings
from django.core.cache import caches

from collections_app.errors import TooManyAttempts, TooManyRequests
from collections_app.errors import gettext_noop as _
from collections_app.models import GuestLink, PublicLink, User
from collections_app.services.attempts import Limit, get_network, take_slot

_MINUTE_S, _HOUR_S = 60, 3600
# All visitors of a link together may make this many times as many requests as one of them.
_VISITORS_PER_LINK = 10


def count_invitation(*, inviter: User) -> None:
    """Raises TooManyRequests if the person sent as many invitations in the last hour as one account may."""
    most = settings.INVITATIONS_PER_HOUR
    if not most:
        return
    try:
        take_slot(name=f"invitations:{inviter.pk}", limit=Limit(attempts=most, period_s=_HOUR_S))
    except TooManyAttempts as error:
        sentence = _("You sent %(most)s invitations within an hour, which is the limit. Try again in an hour.")
        raise TooManyRequests(sentence, most=most) from error


def count_link_search(*, link: PublicLink, address: str) -> None:
    """`address` is the visitor's IP address. Raises TooManyRequests."""
    if not _count_visit("searches", link, address, settings.LINK_SEARCHES_PER_MINUTE):
        raise TooManyRequests(_("Too many searches of this collection. Wait a minute, then try again."))


def count_link_download(*, link: PublicLink, address: str) -> None:
    """`address` is the visitor's IP address. Raises TooManyRequests."""
    if not _count_visit("downloads", link, address, settings.LINK_DOWNLOADS_PER_MINUTE):
        raise TooManyRequests(_("Too many downloads from this collection. Wait a minute, then try again."))


def count_guest_upload(*, link: GuestLink, address: str) -> None:
    """`address` is the guest's IP address. Raises TooManyRequests."""
    if not _count_visit("guest-uploads", link, address, settings.GUEST_UPLOADS_PER_MINUTE):
        raise TooManyRequests(_("Too many pictures at once. Wait a minute, then try again."))


def _count_visit(name: str, link: PublicLink | GuestLink, address: str, most: int) -> bool:
    """Count one visit. Return whether the visitor on this link and the link itself are within their limits."""
    if not most:
        return True
    key = f"link-{name}:{link.pk}"
    is_visitor_allowed = _count_in_memory(f"{key}:{get_network(address)}") <= most
    return is_visitor_allowed and _count_in_memory(key) <= most * _VISITORS_PER_LINK


def _count_in_memory(name: str) -> int:
    """Count one use in the current minute in this process, and return the number of uses."""
    counters, key = caches["counters"], f"{name}:{int(time.time() // _MINUTE_S)}"
    counters.add(key, 0, _MINUTE_S)
    try:
        return counters.incr(key)
    except ValueError:  # the key has expired, or the cache is full
        return 0
