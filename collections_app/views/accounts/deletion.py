"""Deleting one's own account, after a grace period in which signing in keeps it."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from collections_app.errors import ImageSearchError
from collections_app.forms import AccountDeletionForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.permissions import SignedInRequest
from collections_app.services.erasure.accounts import preview_account_deletion, schedule_account_deletion
from collections_app.services.sharing.owners import list_solely_owned


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
def account_delete(request: SignedInRequest) -> HttpResponse:
    """Say what is deleted. On POST, schedule it and sign out; the page after that needs no account."""
    form = AccountDeletionForm(get_bound_data(request), user=request.user)
    if form.is_valid():
        try:
            deletion = schedule_account_deletion(user=request.user)
        except ImageSearchError as error:
            form.add_error(None, describe_error(error))
        else:
            logout(request)
            return render(request, "accounts/account_deletion_scheduled.html", {"due_at": deletion.due_at})
    context = {
        "form": form,
        "preview": preview_account_deletion(request.user),
        "solely_owned": list_solely_owned(request.user),
        "days": settings.ACCOUNT_DELETION_DAYS,
    }
    return render(request, "accounts/account_delete.html", context, status=400 if form.errors else 200)
