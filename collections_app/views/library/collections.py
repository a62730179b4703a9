"""The pages of collections: the lists, and one collection: show, create, rename, delete."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import LimitReached, NameTaken
from collections_app.forms import CollectionForm, CollectionTextForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import Collection, GuestUpload, Image, ImageMonth, ImageTotal
from collections_app.models.ids import parse_id
from collections_app.permissions import (
    SignedInRequest,
    get_managed_collection,
    get_rights,
    get_visible_collection,
)
from collections_app.services.library.collections import create_collection, describe_collection, select_cover
from collections_app.services.library.trash import trash_collection
from collections_app.services.sharing.access import list_access
from collections_app.views.library.timeline import build_timeline, render_further_page
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
    found = Collection.objects.filter(pk=pk)
    timeline = build_timeline(request, found, is_in_collection=True)
    if timeline.is_continued:
        return render_further_page(request, timeline)
    rights = get_rights(request.user, collection)
    return render(
        request,
        "library/collection.html",
        {
            "collection": collection,
            "timeline": timeline,
            "months": timeline.months or ImageMonth.objects.not_trashed().in_collections(found).list_months(),
            "count": ImageTotal.objects.not_trashed().filter(collection=pk).sum_images(),
            "rights": rights,
            "waiting_count": GuestUpload.objects.waiting_in(collection).count() if rights.can_edit else 0,
            "access": list_access(collection, role=rights.role, can_see_shares=rights.can_share),
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
    """Edit name and description on a page of its own, or with htmx within the page of the collection."""
    collection = get_managed_collection(request.user, pk)
    old_name = collection.name
    initial = {"name": old_name, "description": collection.description}
    form = CollectionTextForm(get_bound_data(request), initial=initial)
    is_saved = form.is_valid() and _describe(request, collection, form)
    if request.htmx.target == "collection-title":
        template = "library/_collection_title.html" if is_saved else "library/_collection_title_form.html"
        return render(request, template, {"collection": collection, "form": form, "can_manage": True})
    if is_saved:
        messages.success(request, _("“%(name)s” saved.") % {"name": collection.name})
        return redirect("collection", pk)
    context = {"form": form, "collection": collection, "old_name": old_name}
    return render(request, "library/collection_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def collection_cover(request: SignedInRequest, pk: int) -> HttpResponse:
    """Select the picture on the collection's card. A POST without a picture resets it to the newest one."""
    collection = get_managed_collection(request.user, pk)
    images = Image.objects.not_trashed()
    if request.method == "POST":
        sent = request.POST.get("image")
        image = get_object_or_404(images, collection=pk, pk=parse_id(sent)) if sent else None
        select_cover(collection=collection, image=image)
        messages.success(request, _("Cover saved."))
        return redirect("collection", pk)
    pictures = PictureList(images=images, collections=Collection.objects.filter(pk=pk))
    context = {"collection": collection, "page": pictures.get_page(request)}
    return render(request, "library/collection_cover.html", context)


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


def _describe(request: SignedInRequest, collection: Collection, form: CollectionTextForm) -> bool:
    try:
        describe_collection(collection=collection, editor=request.user, **form.cleaned_data)
    except NameTaken as error:
        form.add_error("name", describe_error(error))
    return not form.errors
