"""allauth's adapters: who may sign up, and which accounts single sign-on may link."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from collections_app.models import User
from collections_app.services.sharing.secret_encryption import decrypt_secret, encrypt_secret


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Hash something, so that signing up with a taken address takes as long as with a new one."""
        make_password(email)
        super().send_account_already_exists_mail(email)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encrypt_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt_secret(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Return the drawing without its XML declaration, to embed it in a page."""
        svg: str = super().build_totp_svg(url)
        return svg[svg.index("<svg") :]


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, str]) -> User:
        """Read `verified` as a boolean: some providers send the string "false"."""
        for address in sociallogin.email_addresses:
            address.verified = address.verified is True or address.verified == "true"
        user: User = super().populate_user(request, sociallogin, data)
        return user

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Require an address that is verified here too.

        Otherwise an attacker could sign up with another person's address, add a passkey, and keep access to the account
        that this person later enters through the provider.
        """
        verified_here: bool = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
        return verified_here and super().can_authenticate_by_email(login, email)
