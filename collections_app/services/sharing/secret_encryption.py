"""Encryption of the secrets of two-factor sign-in in the database, with a key made from the site's secret key."""

import base64
import logging
import secrets
from functools import lru_cache
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

_PREFIX = "fernet:"  # a base32 secret, a hexadecimal seed and a recovery code contain no colon
_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


def encrypt_secret(text: str) -> str:
    return _PREFIX + _make_fernet(settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt_secret(stored: str) -> str:
    """Return the secret. Text without our prefix is a secret in clear, which an earlier version stored.

    If none of the site's keys decrypts the secret, return a random one, which accepts no code. Anyone could compute the
    codes of an empty or constant secret.
    """
    if not stored.startswith(_PREFIX):
        return stored
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    try:
        return MultiFernet([_make_fernet(key) for key in keys]).decrypt(stored.removeprefix(_PREFIX)).decode()
    except InvalidToken:
        log.error("A secret of two-factor sign-in was encrypted with another SECRET_KEY and cannot be used.")
        return base64.b32encode(secrets.token_bytes(20)).decode()


def encrypt_stored_secrets() -> int:
    """Encrypt all secrets that are in clear or encrypted with an earlier key; return how many authenticators."""
    rows = Authenticator.objects.filter(type__in=_TYPES).values_list("pk", "data")
    outdated = [pk for pk, data in rows if _renew_all(data) != data]
    return sum(_encrypt_authenticator(pk) for pk in outdated)


@transaction.atomic
def _encrypt_authenticator(pk: int) -> bool:
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if row is None or (data := _renew_all(row.data)) == row.data:
        return False
    row.data = data
    row.save(update_fields=["data"])
    return True


def _renew_all(data: dict[str, Any]) -> dict[str, Any]:
    """Return an authenticator's data with its secrets encrypted with the current key."""
    changed: dict[str, Any] = {name: _renew(data[name]) for name in ("secret", "seed") if name in data}
    if "migrated_codes" in data:
        changed["migrated_codes"] = [_renew(code) for code in data["migrated_codes"]]
    return {**data, **changed}


def _renew(stored: str) -> str:
    """Return the secret encrypted with the current key. A secret that no key decrypts stays as it is."""
    if not stored.startswith(_PREFIX):
        return encrypt_secret(stored)
    token = stored.removeprefix(_PREFIX)
    for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        try:
            text = _make_fernet(key).decrypt(token).decode()
        except InvalidToken:
            continue
        return stored if key == settings.SECRET_KEY else encrypt_secret(text)
    return stored


@lru_cache(maxsize=8)
def _make_fernet(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"imagesearch two-factor secrets")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))
