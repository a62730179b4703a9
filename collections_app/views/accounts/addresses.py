"""The addresses of an account, and pages where an address may turn out to belong to another account."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.translation import gettext as _

from collections_app.errors import InvitationInvalid
from collections_app.services.sharing.invitations import find_invitation

_View = Callable[..., HttpResponse]


class AddressesView(allauth_views.EmailView):  # type: ignore[misc]
    """Without a mail server nobody can prove that an address is theirs, so the page only lists and removes them."""

    def get_template_names(self) -> list[str]:
        return [str(self.template_name)] if _can_verify() else ["accounts/addresses.html"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse
        if not _can_verify() and "action_remove" not in request.POST:
            response = self.render_to_response(self.get_context_data(), status=403)
        else:
            response = transaction.atomic(super().post)(request, *args, **kwargs)
        return response


class SignUpView(allauth_views.SignupView):  # type: ignore[misc]
    """Fills in the invited address for a person who comes from an invitation, if the account has to verify it.

    Without a mail server nothing is verified: everyone with the link could take the invitation by its address.
    """

    def get_initial(self) -> dict[str, Any]:
        invited = _find_invited_email(self.request.GET.get("next", "")) if _can_verify() else ""
        return {**super().get_initial(), **({"email": invited} if invited else {})}


def report_taken_address(view: _View) -> _View:
    """Show a sentence where the database rejects an address, because another account has it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except IntegrityError:
            messages.error(request, _("Another account uses this address. Use another one, or ask an administrator."))
            return redirect("account_email" if request.user.is_authenticated else "account_login")

    return guarded


def _find_invited_email(address: str) -> str:
    """Return the address of the invitation that the page at this address shows, or ""."""
    try:
        match = resolve("/" + urlsplit(address).path.removeprefix(get_script_prefix()))
        return find_invitation(match.kwargs["secret"]).email if match.url_name == "invitation" else ""
    except (ValueError, Resolver404, InvitationInvalid):  # urlsplit raises ValueError
        return ""


def _can_verify() -> bool:
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")


addresses = report_taken_address(AddressesView.as_view())
# Two people may sign up with one address at the same moment.
signup_unless_taken = report_taken_address(SignUpView.as_view())
confirm_unless_taken = report_taken_address(transaction.atomic(allauth_views.confirm_email))
