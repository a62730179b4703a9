"""The first page: collections and the latest pictures."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.forms import CollectionNameForm
from collections_app.models import Collection, Image
from collections_app.permissions import SignedInRequest
from collections_app.views.paging import PictureList

LATEST = 24


@require_safe
def gallery(request: SignedInRequest) -> HttpResponse:
    visible = Collection.objects.visible_to(request.user)
    return render(
        request,
        "library/gallery.html",
        {
            "collections": Collection.objects.in_teams_of(request.user).with_summary(),
            "shared": Collection.objects.shared_with(request.user).with_summary().with_sharer(request.user),
            "latest": PictureList(images=Image.objects.not_trashed(), collections=visible).get_first(LATEST),
            "form": CollectionNameForm(),
        },
    )
