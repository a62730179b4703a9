"""The first page: one's collections, and what came in last."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.forms import CollectionNameForm
from collections_app.models import Collection, Image

LATEST = 24


@require_safe
@signed_in
def gallery(request: SignedInRequest) -> HttpResponse:
    latest = Image.objects.visible_to(request.user).with_collection().latest_first()
    return render(
        request,
        "gallery.html",
        {
            "collections": Collection.objects.in_teams_of(request.user).with_summary(),
            "shared": Collection.objects.shared_with(request.user).with_summary().with_sharer(request.user),
            "latest": latest[:LATEST],
            "form": CollectionNameForm(),
        },
    )
