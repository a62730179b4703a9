"""A signed cookie with the accounts and links that a browser has opened before.

Strangers who guess passwords cannot lock out such a browser. An entry is valid until the password changes.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from collections_app.models import PublicLink, User

_SALT = "collections_app.known_devices"
_MAX_AGE_S = 365 * 24 * 3600
_MAX_ENTRIES = 20  # browsers accept cookies of up to 4 kB
_ATTRIBUTE = "remembered_devices"


def find_device(request: HttpRequest, opened: User | PublicLink) -> str:
    """Return the id that this browser got when it opened the account or link, or an empty string."""
    device, digest = _read_entries(request).get(_get_entry_name(opened), ("", ""))
    return device if device and constant_time_compare(digest, _hash_password(opened)) else ""


def has_devices(request: HttpRequest) -> bool:
    return settings.KNOWN_DEVICES_COOKIE_NAME in request.COOKIES


def remember_device(request: HttpRequest, opened: User | PublicLink) -> None:
    """Mark the account or link, so that `store_devices` adds it to the cookie or renews it."""
    remembered: list[User | PublicLink] = getattr(request, _ATTRIBUTE, [])
    setattr(request, _ATTRIBUTE, [*remembered, opened])


def store_devices(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie if the request has opened an account or a link."""
    remembered: list[User | PublicLink] = getattr(request, _ATTRIBUTE, [])
    if not remembered:
        return
    entries = _read_entries(request)
    for opened in remembered:
        device = find_device(request, opened) or secrets.token_urlsafe(12)
        entries.pop(_get_entry_name(opened), None)
        entries[_get_entry_name(opened)] = (device, _hash_password(opened))
    newest = dict(list(entries.items())[-_MAX_ENTRIES:])
    response.set_cookie(
        settings.KNOWN_DEVICES_COOKIE_NAME,
        signing.dumps(newest, salt=_SALT),
        max_age=_MAX_AGE_S,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read_entries(request: HttpRequest) -> dict[str, tuple[str, str]]:
    cookie = request.COOKIES.get(settings.KNOWN_DEVICES_COOKIE_NAME, "")
    try:
        entries = signing.loads(cookie, salt=_SALT, max_age=_MAX_AGE_S) if cookie else {}
    except signing.BadSignature:
        return {}
    return {name: (device, digest) for name, (device, digest) in entries.items()}


def _get_entry_name(opened: User | PublicLink) -> str:
    return f"{'account' if isinstance(opened, User) else 'link'}-{opened.pk}"


def _hash_password(opened: User | PublicLink) -> str:
    """Return a short digest of the stored password, which changes with the password."""
    return salted_hmac(_SALT, f"{_get_entry_name(opened)}:{opened.password}").hexdigest()[:32]
