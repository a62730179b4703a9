"""The secrets of two-factor sign-in are encrypted in the database, and those from earlier versions keep working."""

import base64
import hashlib
import hmac
import io
import logging
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SEED = "ab" * 40
TYPES = Authenticator.Type


def compute_code(secret: str = SECRET) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    counter = (int(time.time()) // 30).to_bytes(8)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06}"


def sign_in_with_code(sample: SampleTeam, code: str) -> bool:
    cache.clear()
    client = Client()
    client.post("/accounts/login/", {"login": sample.viewer.email, "password": "a long password"})
    client.post("/accounts/2fa/authenticate/", {"code": code})
    return bool(client.get("/account/").status_code == 200)


def read_stored(kind: str) -> str:
    return str(Authenticator.objects.get(type=kind).data)


@pytest.fixture
def in_clear(sample: SampleTeam) -> None:
    """What earlier versions stored."""
    Authenticator.objects.create(user=sample.viewer, type=TYPES.TOTP, data={"secret": SECRET})
    data = {"seed": SEED, "used_mask": 1}
    Authenticator.objects.create(user=sample.viewer, type=TYPES.RECOVERY_CODES, data=data)


def test_new_secrets_are_not_stored_in_clear(sample: SampleTeam, as_viewer: Client) -> None:
    as_viewer.post("/accounts/reauthenticate/", {"password": "a long password"})
    page = as_viewer.get("/accounts/2fa/totp/activate/").content.decode()
    secret = as_viewer.session["mfa.totp.secret"]
    assert secret in page
    as_viewer.post("/accounts/2fa/totp/activate/", {"code": compute_code(secret)})

    assert secret not in read_stored(TYPES.TOTP)
    assert not re.search(r"[0-9a-f]{80}", read_stored(TYPES.RECOVERY_CODES))
    assert sign_in_with_code(sample, compute_code(secret))


def test_secrets_in_clear_keep_working(sample: SampleTeam, in_clear: None) -> None:
    assert sign_in_with_code(sample, compute_code())


def test_migrating_encrypts_what_is_in_clear(sample: SampleTeam, in_clear: None) -> None:
    call_command("migrate", verbosity=0)
    assert SECRET not in read_stored(TYPES.TOTP)
    assert SEED not in read_stored(TYPES.RECOVERY_CODES)
    assert Authenticator.objects.get(type=TYPES.RECOVERY_CODES).data["used_mask"] == 1
    assert sign_in_with_code(sample, compute_code())


def test_recovery_codes_are_the_same_after_encryption(sample: SampleTeam, in_clear: None) -> None:
    before = Authenticator.objects.get(type=TYPES.RECOVERY_CODES).wrap().get_unused_codes()
    call_command("migrate", verbosity=0)
    after = Authenticator.objects.get(type=TYPES.RECOVERY_CODES).wrap().get_unused_codes()
    assert before == after
    assert sign_in_with_code(sample, after[0])


def test_recovery_codes_that_were_imported_are_encrypted_too(sample: SampleTeam, in_clear: None) -> None:
    rows = Authenticator.objects.filter(type=TYPES.RECOVERY_CODES)
    rows.update(data={"migrated_codes": ["abcd1234", "efgh5678"]})
    call_command("migrate", verbosity=0)
    assert "abcd1234" not in read_stored(TYPES.RECOVERY_CODES)
    assert sign_in_with_code(sample, "efgh5678")
    assert rows.get().wrap().get_unused_codes() == ["abcd1234"]


def test_earlier_secret_key_still_opens_secrets_until_they_are_renewed(
    sample: SampleTeam, in_clear: None, settings: Settings
) -> None:
    call_command("migrate", verbosity=0)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret key", [settings.SECRET_KEY]
    assert sign_in_with_code(sample, compute_code())
    call_command("migrate", verbosity=0)
    settings.SECRET_KEY_FALLBACKS = []
    assert sign_in_with_code(sample, compute_code())


@pytest.mark.parametrize("secret", ["", SECRET])
def test_lost_secret_key_lets_nobody_in_and_is_logged(
    sample: SampleTeam, in_clear: None, settings: Settings, secret: str
) -> None:
    call_command("migrate", verbosity=0)
    settings.SECRET_KEY = "another secret key"
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("collections_app").addHandler(handler)
    try:
        assert not sign_in_with_code(sample, compute_code(secret))
    finally:
        logging.getLogger("collections_app").removeHandler(handler)
    assert "encrypted with another SECRET_KEY" in stream.getvalue()
