"""The account page: address, password, and how much the person has uploaded and still sees."""

from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.models import Image
from collections_app.permissions import SignedInRequest
from collections_app.services.library.quotas import measure_usage


@require_safe
def account(request: SignedInRequest) -> HttpResponse:
    uploads = Image.objects.visible_to(request.user).filter(uploader=request.user)
    usage = uploads.aggregate(count=Count("pk"), byte_size=Sum("byte_size", default=0))
    return render(
        request, "accounts/account.html", {"usage": usage, "quota": measure_usage(request.user.personal_team)}
    )
