"""Limits on guessing passwords and codes: narrow for each client, wide for each account or link.

A stranger can use up only the attempts of their own client. After many wrong attempts from all clients together, one
attempt every few seconds is admitted: the account or link becomes slow, but is never locked. A known device is counted
separately.
"""

import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from django.core.cache import cache

from collections_app.errors import TooManyAttempts
from collections_app.errors import gettext_noop as _

_IPV6_CLIENT_BITS = 64  # a client usually has a whole /64 network


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    attempts: int
    period_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPolicy:
    """`per_client` limits the wrong attempts of one client at one account or link, `overall` those of all strangers.

    Beyond `overall`, all strangers together have one attempt in `slow_s` seconds.
    """

    name: str
    per_client: Limit
    overall: Limit
    slow_s: int


SIGN_IN = AttemptPolicy(
    name="sign-in", per_client=Limit(attempts=5, period_s=300), overall=Limit(attempts=100, period_s=3600), slow_s=10
)
# A code has six digits, and a person who enters one already knows the password.
SECOND_FACTOR = AttemptPolicy(
    name="code", per_client=Limit(attempts=5, period_s=300), overall=Limit(attempts=20, period_s=3600), slow_s=60
)
LINK_PASSWORD = AttemptPolicy(
    name="link-password",
    per_client=Limit(attempts=10, period_s=600),
    overall=Limit(attempts=300, period_s=3600),
    slow_s=5,
)
# Attempts of one client at all accounts together, right ones included.
SIGN_INS_OF_CLIENT = Limit(attempts=30, period_s=60)
# Mails of one kind to one address.
MAILS_TO_ADDRESS = Limit(attempts=5, period_s=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The cache keys of the slots that one attempt has taken."""

    slots: tuple[str, ...] = ()

    def give_back(self) -> None:
        """Do not count this attempt: it was right, and many people may share one address."""
        cache.delete_many(self.slots)


def take_attempt(*, policy: AttemptPolicy, subject: str, address: str, device: str = "") -> Attempt:
    """Count one attempt at `subject` in advance, so that concurrent attempts count. Raises TooManyAttempts.

    `address` is the client's IP address. `device` is the id of a device that was admitted before, or empty.
    """
    key = f"{policy.name}:{subject}"
    client = take_slot(name=f"{key}:{device or get_network(address)}", limit=policy.per_client)
    if device:
        return Attempt(slots=(client,))
    try:
        return Attempt(slots=(client, _take_overall(key, policy)))
    except TooManyAttempts:
        cache.delete(client)
        raise


def take_slot(*, name: str, limit: Limit) -> str:
    """Take a slot for one period from now, and return its cache key. Raises TooManyAttempts if no slot is free.

    Each period has its own keys, so `cache.add` always inserts a row, and the table's primary key admits one of two
    concurrent inserts. With the same keys in each period, both attempts could overwrite an expired row.
    """
    now = time.time()
    period = int(now // limit.period_s)
    keys = [(f"{name}:{period}:{slot}", f"{name}:{period - 1}:{slot}") for slot in range(limit.attempts)]
    taken: dict[str, float] = cache.get_many([key for pair in keys for key in pair])
    free = [current for current, previous in keys if current not in taken and previous not in taken]
    for slot in free:
        if cache.add(slot, now + limit.period_s, limit.period_s):
            return slot
    raise _refuse(min(taken.values(), default=now + 1) - now)


def normalize_ip(address: str) -> str:
    """Return an IP address in its usual form. An IPv4 address that is mapped to IPv6 becomes IPv4 again."""
    try:
        ip = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return address.strip()
    return str((ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip)


def get_network(address: str) -> str:
    """Return the name of one client: an IPv4 address, or the /64 network of an IPv6 address."""
    ip = normalize_ip(address)
    return str(ip_network(f"{ip}/{_IPV6_CLIENT_BITS}", strict=False)) if ":" in ip else ip


def _take_overall(key: str, policy: AttemptPolicy) -> str:
    """Take one of the slots of all strangers, or the single slot of the current `slow_s` seconds if none is free."""
    try:
        return take_slot(name=key, limit=policy.overall)
    except TooManyAttempts:
        now = time.time()
        window = int(now // policy.slow_s)
        slot = f"{key}:slow:{window}"
        if cache.add(slot, True, policy.slow_s):
            return slot
        raise _refuse((window + 1) * policy.slow_s - now) from None


def _refuse(wait_s: float) -> TooManyAttempts:
    sentence = _("Too many attempts. Wait %(seconds)s seconds and try again.")
    seconds = max(2, int(wait_s) + 1)
    return TooManyAttempts(sentence, retry_after_s=seconds, seconds=seconds)
