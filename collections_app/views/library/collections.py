"""The pages of collections: the lists, and one collection: show, create, rename, delete."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import LimitReached, NameTaken
from collections_app.forms import CollectionForm, CollectionNameForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import Collection, Image, ImageTotal
from collections_app.permissions import (
    SignedInRequest,
    get_managed_collection,
    get_rights,
    get_visible_collection,
)
from collections_app.services.library.collections import create_collection, rename_collection
from collections_app.services.library.trash import trash_collection
from collections_app.views.paging import PictureList


@require_safe
def collection_list(request: SignedInRequest) -> HttpResponse:
    """The collections of the person's teams."""
    own = Collection.objects.in_teams_of(request.user).with_summary()
    return render(request, "library/collections.html", {"collections": own})


@require_safe
def shared_list(request: SignedInRequest) -> HttpResponse:
    """The collections of other teams that are shared with the person."""
    shared = Collection.objects.shared_with(request.user).with_summary().with_sharer(request.user)
    return render(request, "library/shared.html", {"collections": shared})


@require_safe
def collection(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_visible_collection(request.user, pk)
    pictures = PictureList(
        images=Image.objects.not_trashed(),
        collections=Collection.objects.filter(pk=pk),
        restorable=Collection.objects.restorable_by(request.user),
    )
    return render(
        request,
        "library/collection.html",
        {
            "collection": collection,
            "page": pictures.get_page(request),
            "count": ImageTotal.objects.not_trashed().filter(collection=pk).sum_images(),
            "rights": get_rights(request.user, collection),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def collection_create(request: SignedInRequest) -> HttpResponse:
    form = CollectionForm(get_bound_data(request), user=request.user)
    if form.is_valid() and (created := _create(request, form)):
        return redirect("collection", created.pk)
    return render(request, "library/collection_form.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def collection_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_managed_collection(request.user, pk)
    old_name = collection.name
    form = CollectionNameForm(get_bound_data(request), initial={"name": old_name})
    if form.is_valid() and _rename(collection, form):
        messages.success(request, _("Renamed to “%(new)s”.") % {"new": collection.name})
        return redirect("collection", pk)
    context = {"form": form, "collection": collection, "old_name": old_name}
    return render(request, "library/collection_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def collection_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_managed_collection(request.user, pk)
    if request.method == "POST":
        trash_collection(collection=collection, trasher=request.user)
        messages.success(request, _("“%(name)s” and its pictures moved to trash.") % {"name": collection.name})
        return redirect("collections")
    count = ImageTotal.objects.not_trashed().filter(collection=pk).sum_images()
    return render(request, "library/collection_delete.html", {"collection": collection, "count": count})


def _create(request: SignedInRequest, form: CollectionForm) -> Collection | None:
    team = form.cleaned_data.get("team") or request.user.personal_team
    try:
        return create_collection(team=team, name=form.cleaned_data["name"], creator=request.user)
    except (LimitReached, NameTaken) as error:
        form.add_error("name", describe_error(error))
        return None


def _rename(collection: Collection, form: CollectionNameForm) -> bool:
    try:
        rename_collection(collection=collection, name=form.cleaned_data["name"])
    except NameTaken as error:
        form.add_error("name", describe_error(error))
    return not form.errors
