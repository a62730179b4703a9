"""The account page: address, password, and how much the person has uploaded and still sees."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.models import ImageTotal
from collections_app.permissions import SignedInRequest
from collections_app.services.library.quotas import measure_usage


@require_safe
def account(request: SignedInRequest) -> HttpResponse:
    count, byte_size = ImageTotal.objects.visible_to(request.user).filter(uploader_id=request.user.pk).measure()
    usage = {"count": count, "byte_size": byte_size}
    return render(
        request, "accounts/account.html", {"usage": usage, "quota": measure_usage(request.user.personal_team)}
    )
