"""Forms that replace forms of allauth: codes with our limits on attempts, and passkeys."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.utils.translation import gettext_lazy as _

from collections_app.known_devices import find_device
from collections_app.services.attempts import SECOND_FACTOR, take_attempt


class _LimitedCodeForm(BaseAuthenticateForm):  # type: ignore[misc]
    def clean_code(self) -> str:
        """Raises TooManyAttempts."""
        request = context.request
        attempt = take_attempt(
            policy=SECOND_FACTOR,
            subject=str(self.user.pk),
            address=get_adapter().get_client_ip(request),
            device=find_device(request, self.user),
        )
        code: str = super().clean_code()
        attempt.give_back()
        return code


class CodeForm(_LimitedCodeForm, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in: a code of the authenticator app, or a recovery code."""


class ConfirmCodeForm(_LimitedCodeForm, ReauthenticateForm):  # type: ignore[misc]
    """The code that a signed-in person enters before a change of the account."""


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Preselects passwordless sign-in: "Sign in with a passkey" accepts no other keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"passwordless": True, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].label = _("Sign in with this passkey alone, without a password")
        self.fields["passwordless"].help_text = _("Your device asks for your fingerprint, face or PIN.")
