"""Forms of allauth's pages with our limits on attempts."""

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm

from collections_app.known_devices import find_device
from collections_app.models import User
from collections_app.services.attempts import SECOND_FACTOR, Attempt, take_attempt


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in: a code of the authenticator app, or a recovery code."""

    def clean_code(self) -> str:
        attempt = _take_code_attempt(self.user)
        code: str = super().clean_code()
        attempt.give_back()
        return code


class ConfirmCodeForm(ReauthenticateForm):  # type: ignore[misc]
    """Asks a signed-in person for a code before a change of the account."""

    def clean_code(self) -> str:
        attempt = _take_code_attempt(self.user)
        code: str = super().clean_code()
        attempt.give_back()
        return code


def _take_code_attempt(user: User) -> Attempt:
    """Raises TooManyAttempts."""
    request = context.request
    address = get_adapter().get_client_ip(request)
    device = find_device(request, user)
    return take_attempt(policy=SECOND_FACTOR, subject=str(user.pk), address=address, device=device)
