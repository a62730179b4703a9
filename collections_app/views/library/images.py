"""The pages of a picture: show, similar, edit, delete."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import EncoderError, IndexUnavailable, NotIndexed
from collections_app.forms import ImageForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import Image
from collections_app.permissions import (
    SignedInRequest,
    get_editable_image,
    get_rights,
    get_visible_image,
)
from collections_app.services.library.images import edit_image
from collections_app.services.library.trash import trash_images
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import build_similar_request
from collections_app.services.search.results import Result, join_rows, run_search

SIMILAR = 12
MAX_COPIES = 10


@require_safe
def image(request: SignedInRequest, pk: int) -> HttpResponse:
    image = get_visible_image(request.user, pk)
    newer, older = Image.objects.get_neighbours(image)
    copies = Image.objects.visible_to(request.user).same_bytes_as(image).with_collection().latest_first()[:MAX_COPIES]
    context = {
        "image": image,
        "copies": copies,
        "rights": get_rights(request.user, image.collection),
        "newer": newer,
        "older": older,
    }
    return render(request, "library/image.html", context)


@require_safe
def image_similar(request: SignedInRequest, pk: int) -> HttpResponse:
    """Render a part of a page for htmx, always with status 200 as htmx requires it, and otherwise a whole page."""
    image = get_visible_image(request.user, pk)
    context: dict[str, object] = {"image": image}
    status = 200
    try:
        context["results"] = _find_similar(request, image)
    except NotIndexed:
        context["sentence"] = _("Similar pictures appear here once this one is prepared for search.")
    except (EncoderError, IndexUnavailable) as error:
        context["sentence"], status = describe_error(error), 503
    if request.htmx:
        return render(request, "search/_similar.html", context)
    return render(request, "search/similar_images.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def image_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    image = get_editable_image(request.user, pk)
    form = ImageForm(get_bound_data(request), image=image)
    if form.is_valid():
        title, tags = form.cleaned_data["title"], form.cleaned_data["tags"]
        edit_image(image=image, title=title, tags=tags, date=form.get_date_change())
        return redirect("image", pk)
    return render(
        request, "library/image_form.html", {"form": form, "image": image}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def image_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    image = get_editable_image(request.user, pk)
    if request.method == "POST":
        trash_images(images=Image.objects.filter(pk=image.pk), trasher=request.user)
        messages.success(request, _("“%(name)s” moved to trash.") % {"name": image.name})
        return redirect("collection", image.collection_id)
    return render(request, "library/image_delete.html", {"image": image})


def _find_similar(request: SignedInRequest, image: Image) -> list[Result]:
    """Return the pictures most similar to one, without itself and its copies."""
    search = build_similar_request(user=request.user, image=image)
    found = run_search(search, cutoffs=NO_CUTOFFS, wanted=SIMILAR + 1)
    others = [each for each in found.ranked if image.pk not in (each.id, *each.copies)]
    return join_rows(others[:SIMILAR], images=search.scope.images)
