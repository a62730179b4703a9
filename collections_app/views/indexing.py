"""The state of indexing, and retries."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from collections_app.context_processors import read_frame_state, read_indexing_status
from collections_app.models import Collection, Image
from collections_app.models.ids import parse_id
from collections_app.permissions import SignedInRequest, get_editable_image
from collections_app.services.library.images import requeue_failed_images
from collections_app.views.paging import PictureList

FAILED_SHOWN = 100


@require_safe
def indexing_status(request: SignedInRequest) -> HttpResponse:
    """The page of failed pictures; for htmx, which polls it, the chip in the header."""
    if request.htmx:
        status = read_indexing_status(request.user, read_frame_state(request.user))
        return render(request, "partials/_indexing_chip.html", {"status": status})
    visible = Collection.objects.visible_to(request.user)
    failed = PictureList(images=Image.objects.not_trashed().failed(), collections=visible)
    return render(request, "indexing.html", {"failed": failed.get_first(FAILED_SHOWN)})


@require_POST
def retry_indexing(request: SignedInRequest) -> HttpResponse:
    """Queue one failed picture again (`image`), or all failed pictures that the person may edit."""
    image_id = request.POST.get("image", request.GET.get("image"))
    if image_id is None:
        requeue_failed_images(images=Image.objects.editable_by(request.user))
        return redirect("indexing_status")
    image = get_editable_image(request.user, parse_id(image_id) or 0)
    requeue_failed_images(images=Image.objects.filter(pk=image.pk))
    return redirect("image", image.pk)
