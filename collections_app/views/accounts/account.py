"""The account page: address, display name, and how much the person has uploaded and still sees."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from collections_app.forms import DisplayNameForm, get_bound_data
from collections_app.models import ImageTotal
from collections_app.permissions import SignedInRequest
from collections_app.services.library.quotas import measure_usage
from collections_app.services.sharing.accounts import rename_person


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    form = DisplayNameForm(get_bound_data(request), initial={"display_name": request.user.display_name})
    if form.is_valid():
        rename_person(user=request.user, **form.cleaned_data)
        messages.success(request, _("Display name saved."))
        return redirect("account")
    count, byte_size = ImageTotal.objects.visible_to(request.user).filter(uploader_id=request.user.pk).measure()
    context = {
        "usage": {"count": count, "byte_size": byte_size},
        "quota": measure_usage(request.user.personal_team),
        "form": form,
    }
    return render(request, "accounts/account.html", context, status=400 if form.errors else 200)
