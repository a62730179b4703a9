"""Making, changing and revoking the public links of a collection."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from collections_app.errors import NotAllowed
from collections_app.forms import get_bound_data
from collections_app.messages import describe_error
from collections_app.models import PublicLink
from collections_app.permissions import SignedInRequest, get_owned_collection
from collections_app.services.sharing.public_links import (
    change_link,
    create_link,
    remove_from_link,
    revoke_link,
)
from collections_app.sharing_forms import LinkSettingsForm, PublicLinkForm
from collections_app.views.sharing.shares import NEW_LINK_ID, is_in_place, render_in_place, render_sharing


@require_POST
def link_create(request: SignedInRequest, pk: int) -> HttpResponse:
    collection = get_owned_collection(request.user, pk)
    form = PublicLinkForm(request.POST, auto_id=NEW_LINK_ID)
    if not form.is_valid():
        return render_sharing(request, collection, status=400, link_form=form)
    try:
        create_link(collection=collection, creator=request.user, **form.cleaned_data)
    except NotAllowed as error:
        form.add_error(None, describe_error(error))
        return render_sharing(request, collection, status=400, link_form=form)
    messages.success(request, _("Public link created."))
    return redirect("collection_sharing", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def link_edit(request: SignedInRequest, pk: int, link: int) -> HttpResponse:
    """Change the password, the end date, downloads, and the other collections that the link shows."""
    collection = get_owned_collection(request.user, pk)
    found = get_object_or_404(PublicLink.objects.with_details(), collection=collection, pk=link)
    form = LinkSettingsForm(get_bound_data(request), link=found, user=request.user)
    if form.is_valid():
        try:
            change_link(link=found, changer=request.user, change=form.get_change())
            messages.success(request, _("Public link saved."))
            return redirect("collection_sharing", pk)
        except NotAllowed as error:
            form.add_error(None, describe_error(error))
    context = {"collection": collection, "link": found, "form": form}
    if is_in_place(request):
        return render_in_place(request, "_link_settings.html", context)
    return render(request, "sharing/link_settings.html", context, status=400 if form.errors else 200)


@require_POST
def link_revoke(request: SignedInRequest, pk: int, link: int) -> HttpResponse:
    """Revoke a link of the collection. A link of another collection no longer shows this one."""
    collection = get_owned_collection(request.user, pk)
    found = get_object_or_404(PublicLink.objects.showing(collection_id=pk, team_id=collection.team_id), pk=link)
    if found.collection_id == pk:
        revoke_link(link=found, revoker=request.user)
        messages.success(request, _("Link revoked."))
    else:
        remove_from_link(link=found, collection=collection, remover=request.user)
        messages.success(request, _("The link no longer shows “%(name)s”.") % {"name": collection})
    return redirect("collection_sharing", pk)
