"""Where this site differs from what allauth does by itself: who may sign up, and whom a single sign-on may link."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from collections_app.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Signing up with a taken address takes as long as with a new one, whose password is hashed."""
        make_password(email)
        super().send_account_already_exists_mail(email)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def build_totp_svg(self, url: str) -> str:
        """Return what may stand in a page: the drawing without the XML declaration."""
        svg: str = super().build_totp_svg(url)
        return svg[svg.index("<svg") :]


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, str]) -> User:
        """Some providers send the word "false", which is true to Python."""
        for address in sociallogin.email_addresses:
            address.verified = address.verified is True or address.verified == "true"
        user: User = super().populate_user(request, sociallogin, data)
        return user

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Whoever made an account with a stranger's address, never verified, shall not have that stranger walk into it:
        a passkey or a second address left there would open it again."""
        verified_here: bool = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
        return verified_here and super().can_authenticate_by_email(login, email)
