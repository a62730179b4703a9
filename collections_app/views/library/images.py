"""A picture: shown, described, deleted, and what looks like it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import EncoderError, IndexUnavailable, NotIndexed
from collections_app.forms import ImageForm
from collections_app.messages import in_words
from collections_app.models import Image
from collections_app.permissions import (
    SignedInRequest,
    editable_image_or_404,
    rights_over,
    sent_fields,
    visible_image_or_404,
)
from collections_app.services.library.collections import edit_image
from collections_app.services.library.trash import trash_images
from collections_app.services.search.retrieval import search_similar

SIMILAR = 12
TWINS = 10


@require_safe
def image(request: SignedInRequest, pk: int) -> HttpResponse:
    image = visible_image_or_404(request.user, pk)
    newer, older = Image.objects.neighbours_of(image)
    twins = Image.objects.visible_to(request.user).same_bytes_as(image).with_collection().latest_first()[:TWINS]
    context = {
        "image": image,
        "twins": twins,
        "rights": rights_over(request.user, image.collection),
        "newer": newer,
        "older": older,
    }
    return render(request, "library/image.html", context)


@require_safe
def image_similar(request: SignedInRequest, pk: int) -> HttpResponse:
    """A part of the picture's page for htmx, which shows no answer but a 200; a page of its own otherwise."""
    image = visible_image_or_404(request.user, pk)
    context: dict[str, object] = {"image": image}
    status = 200
    try:
        context["results"] = search_similar(user=request.user, image=image, limit=SIMILAR)
    except NotIndexed as error:
        context["sentence"] = in_words(error)
    except (EncoderError, IndexUnavailable) as error:
        context["sentence"], status = in_words(error), 503
    if request.htmx:
        return render(request, "partials/_similar.html", context)
    return render(request, "search/similar_images.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def image_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    image = editable_image_or_404(request.user, pk)
    form = ImageForm(sent_fields(request), initial={"title": image.title, "tags": image.tags})
    if form.is_valid():
        edit_image(image=image, title=form.cleaned_data["title"], tags=form.cleaned_data["tags"])
        return redirect("image", pk)
    return render(
        request, "library/image_form.html", {"form": form, "image": image}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def image_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    image = editable_image_or_404(request.user, pk)
    if request.method == "POST":
        trash_images(images=Image.objects.filter(pk=image.pk), trasher=request.user)
        messages.success(request, _("“%(name)s” is in the trash.") % {"name": image.name})
        return redirect("collection", image.collection_id)
    return render(request, "library/image_delete.html", {"image": image})
