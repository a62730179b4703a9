"""How sessions begin and end."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from collections_app.models import User
from tests.sample_team import SampleTeam, sign_in_client
from tests.views.sign_in_steps import NEW_PASSWORD, PASSWORD, confirm_access, is_signed_in, sign_in


def test_deactivated_account_is_signed_out_and_told_why(as_owner: Client, sample: SampleTeam) -> None:
    assert is_signed_in(as_owner)
    User.objects.filter(pk=sample.owner.pk).update(is_active=False)
    assert not is_signed_in(as_owner)

    door = Client().post("/accounts/login/", {"login": sample.owner.email, "password": PASSWORD}, follow=True)
    assert "Account deactivated" in door.content.decode()
    assert "Account deactivated" not in sign_in(Client(), sample.owner.email, "wrong").content.decode()


def test_changing_the_password_ends_the_other_sessions(as_owner: Client, sample: SampleTeam) -> None:
    other = sign_in_client(sample.owner)
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    as_owner.post("/accounts/password/change/", fields)
    assert is_signed_in(as_owner)
    assert not is_signed_in(other)


def test_resetting_the_password_ends_all_sessions(
    client: Client, as_owner: Client, sample: SampleTeam, mailoutbox: list[EmailMessage]
) -> None:
    client.post("/accounts/password/reset/", {"email": sample.owner.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mailoutbox[0].body))
    assert link
    form = client.get(link[1]).headers["Location"]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not is_signed_in(as_owner)
    assert User.objects.get(pk=sample.owner.pk).check_password(NEW_PASSWORD)


def test_other_sessions_are_listed_and_ended(sample: SampleTeam) -> None:
    here, there = Client(), Client()
    sign_in(here, sample.owner.email, **{"User-Agent": "Firefox on the desk"})
    sign_in(there, sample.owner.email, **{"User-Agent": "Safari on the phone"})
    page = here.get("/accounts/sessions/").content.decode()
    assert "Firefox on the desk" in page
    assert "Safari on the phone" in page

    here.post("/accounts/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_password_alone_is_not_enough_with_an_authenticator_app(client: Client, sample: SampleTeam) -> None:
    secret = generate_totp_secret()
    TOTP.activate(sample.owner, secret)
    assert sign_in(client, sample.owner.email).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)

    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_signed_in(client)


def test_qr_code_is_drawn_in_the_page_and_needs_no_data_address(client: Client, sample: SampleTeam) -> None:
    sign_in(client, sample.owner.email)
    confirm_access(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert "<svg" in page
    assert "<?xml" not in page
    assert "data:image" not in page


def test_second_factor_requires_a_verified_address_with_mail(
    client: Client, sample: SampleTeam, settings: Settings
) -> None:
    sign_in(client, sample.owner.email)
    confirm_access(client)
    EmailAddress.objects.create(user=sample.owner, email=sample.owner.email, primary=True)
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = False
    assert client.get("/accounts/2fa/totp/activate/").headers["Location"] == "/accounts/2fa/"
    EmailAddress.objects.update(verified=True)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    assert not Authenticator.objects.exists()


def test_superuser_signs_in_without_a_verified_address(
    client: Client, db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="root@example.com", verbosity=0)
    sign_in(client, "root@example.com")
    assert client.get("/admin/").status_code == 200


def test_administration_uses_the_same_sign_in(client: Client, sample: SampleTeam) -> None:
    answer = client.post("/admin/login/", {"username": sample.owner.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/login/")
    assert sign_in_client(sample.owner).get("/admin/login/").status_code == 403
