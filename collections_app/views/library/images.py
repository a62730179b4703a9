"""The pages of a picture: show, similar, edit, delete."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import EncoderError, IndexUnavailable, NotIndexed
from collections_app.forms import ImageForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import Favourite, Image, PublicLink
from collections_app.permissions import (
    SignedInRequest,
    get_editable_image,
    get_rights,
    get_visible_image,
)
from collections_app.services.indexing.pausing import is_indexing_paused
from collections_app.services.library.bulk_changes import trash_in_bulk
from collections_app.services.library.images import edit_image
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import build_similar_request
from collections_app.services.search.results import Result, join_rows, run_search
from collections_app.views.library.answers import answer_action, offer_undo, redirect_to_next

SIMILAR = 12
MAX_COPIES = 10


@require_safe
def image(request: SignedInRequest, pk: int) -> HttpResponse:
    image = get_visible_image(request.user, pk)
    newer, older = Image.objects.get_neighbours(image)
    context = {
        **_describe(request, image, ImageForm(image=image)),
        "is_favourite": Favourite.objects.filter(user=request.user, image=image).exists(),
        "newer": newer,
        "older": older,
        "back": _find_previous_grid(request),
    }
    if context["rights"].can_share:
        context["public_link"] = PublicLink.objects.working().filter(collection=image.collection_id).first()
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
    is_saved = form.is_valid()
    if is_saved:
        fields = {name: form.cleaned_data[name] for name in ("title", "description", "tags")}
        edit_image(image=image, date=form.get_date_change(), **fields)
    if request.htmx and form.is_bound:
        return _render_side(request, pk, None if is_saved else form)
    if is_saved:
        return redirect("image", pk)
    return render(
        request, "library/image_form.html", {"form": form, "image": image}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def image_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    image = get_editable_image(request.user, pk)
    if request.method == "POST":
        back = redirect_to_next(request) or redirect("collection", image.collection_id)
        result = trash_in_bulk(image_ids=[image.pk], user=request.user)
        offer_undo(request, _("“%(name)s” moved to trash.") % {"name": image.name}, result=result, back=back)
        return answer_action(request, back, removed=result.image_ids)
    return render(request, "library/image_delete.html", {"image": image})


def _describe(request: SignedInRequest, image: Image, form: ImageForm) -> dict[str, Any]:
    """Return the context of the panel beside a picture."""
    copies = Image.objects.visible_to(request.user).same_bytes_as(image).with_collection().latest_first()[:MAX_COPIES]
    rights = get_rights(request.user, image.collection)
    is_paused = not image.is_indexed and is_indexing_paused()
    return {"image": image, "form": form, "copies": copies, "rights": rights, "is_paused": is_paused}


def _render_side(request: SignedInRequest, pk: int, form: ImageForm | None) -> HttpResponse:
    """Answer htmx with the panel, as stored or with the form that has errors."""
    image = get_visible_image(request.user, pk)
    context = _describe(request, image, form or ImageForm(image=image))
    return render(request, "partials/_picture_side.html", {**context, "is_saved": form is None})


def _find_previous_grid(request: SignedInRequest) -> str:
    """Return the address of this site's page from which the person came, unless it is the page of a picture."""
    previous = urlsplit(request.headers.get("Referer", ""))
    if previous.netloc != request.get_host() or "/images/" in previous.path:
        return ""
    return f"{previous.path}?{previous.query}" if previous.query else previous.path


def _find_similar(request: SignedInRequest, image: Image) -> list[Result]:
    """Return the pictures most similar to one, without itself and its copies."""
    search = build_similar_request(user=request.user, image=image)
    found = run_search(search, cutoffs=NO_CUTOFFS, wanted=SIMILAR + 1)
    others = [each for each in found.ranked if image.pk not in (each.id, *each.copies)]
    return join_rows(others[:SIMILAR], images=search.scope.images)
