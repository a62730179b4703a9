"""allauth's adapters: sign-up, accepted addresses, limits on attempts and mails, and single sign-on."""

import hashlib
from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from collections_app.errors import TooManyAttempts
from collections_app.known_devices import find_device, has_devices
from collections_app.models import User
from collections_app.provider_requests import ProviderSession
from collections_app.services.attempts import (
    MAILS_TO_ADDRESS,
    SIGN_IN,
    SIGN_INS_OF_CLIENT,
    get_network,
    normalize_ip,
    take_attempt,
    take_slot,
)
from collections_app.services.sharing.accounts import has_ascii_mailbox, validate_mailbox
from collections_app.services.sharing.secret_encryption import decrypt_secret, encrypt_secret

# Mails that a person who only knows the address can cause.
_MAILS_BY_STRANGERS = (
    "account/email/password_reset_key",
    "account/email/unknown_account",
    "account/email/account_already_exists",
    "account/email/email_confirmation",
    "account/email/email_confirmation_signup",
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def is_safe_url(self, url: str) -> bool:
        """Return False also for an address that cannot be read, such as "http://[". allauth raises ValueError."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def clean_email(self, email: str) -> str:
        validate_mailbox(email)
        cleaned: str = super().clean_email(email)
        return cleaned

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address in its usual form. Raises PermissionDenied if there is none."""
        return normalize_ip(super().get_client_ip(request))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the user for these credentials, and count wrong ones. Raises TooManyAttempts."""
        email = str(credentials.get("email", "")).lower()
        address = self.get_client_ip(request)
        device = _find_device_of_account(request, email)
        if not device:
            take_slot(name=f"sign-ins:{get_network(address)}", limit=SIGN_INS_OF_CLIENT)
        attempt = take_attempt(policy=SIGN_IN, subject=_hash_email(email), address=address, device=device)
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            attempt.give_back()
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a few mails of each kind to an address in an hour. Drop more: the links in the earlier ones work."""
        if template_prefix in _MAILS_BY_STRANGERS:
            try:
                take_slot(name=f"mail:{template_prefix}:{_hash_email(email.lower())}", limit=MAILS_TO_ADDRESS)
            except TooManyAttempts:
                return
        super().send_mail(template_prefix, email, context)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Hash any text, so that signing up with a taken address takes as long as with a new one."""
        make_password(email)
        super().send_account_already_exists_mail(email)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encrypt_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt_secret(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Return the drawing without its XML declaration, so that a page can embed it."""
        svg: str = super().build_totp_svg(url)
        return svg[svg.index("<svg") :]


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def get_requests_session(self) -> requests.Session:
        return ProviderSession()

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Read `verified` as a boolean, because some providers send the string "false". Drop unaccepted addresses."""
        sociallogin.email_addresses = [each for each in sociallogin.email_addresses if has_ascii_mailbox(each.email)]
        for address in sociallogin.email_addresses:
            address.verified = address.verified is True or address.verified == "true"
        if not has_ascii_mailbox(data.get("email") or ""):
            data = {**data, "email": ""}
        user: User = super().populate_user(request, sociallogin, data)
        return user

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Require that the site has verified the address too.

        Otherwise an attacker could sign up with another person's address, add a passkey, and keep access to the account
        that this person later enters through the provider.
        """
        verified_here: bool = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
        return verified_here and super().can_authenticate_by_email(login, email)


def _find_device_of_account(request: HttpRequest, email: str) -> str:
    """Return the id of this browser if it has signed in to the account of this address before."""
    if not email or not has_devices(request):
        return ""
    devices = (find_device(request, user) for user in filter_users_by_email(email))
    return next((device for device in devices if device), "")


def _hash_email(email: str) -> str:
    """Return a part of a cache key. The address itself may contain any characters."""
    return hashlib.sha256(email.encode()).hexdigest()[:32]
