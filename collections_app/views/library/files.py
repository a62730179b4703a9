"""The files of pictures. Access is checked on every request, also if the browser has the file cached."""

from collections.abc import Callable

from django.conf import settings
from django.core.files import File
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.imaging import CONTENT_TYPES, SHOWN_BY_BROWSERS, THUMBNAIL_CONTENT_TYPE
from collections_app.messages import describe_error
from collections_app.models import Image
from collections_app.permissions import SignedInRequest, get_rights, get_visible_image
from collections_app.services.library.bounded_calls import share_time
from collections_app.services.library.files import build_download_name
from collections_app.services.library.renditions import Rendition, build_rendition_etag, open_rendition

# If a browser interprets a file as a page, the page runs no scripts, loads nothing and has no origin.
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
def image_file(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_full_size(request, get_visible_image(request.user, pk), as_attachment=False)


@require_safe
def image_download(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_full_size(request, get_visible_image(request.user, pk), as_attachment=True)


@require_safe
def image_thumbnail(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_rendition(request, get_visible_image(request.user, pk), Rendition.GRID)


@require_safe
def trash_thumbnail(request: SignedInRequest, pk: int) -> HttpResponseBase:
    image = get_object_or_404(Image.objects.in_trash_of(request.user), pk=pk)
    return _serve_rendition(request, image, Rendition.GRID)


@require_safe
def image_preview(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_rendition(request, get_visible_image(request.user, pk), Rendition.LARGE)


def _serve_full_size(request: SignedInRequest, image: Image, *, as_attachment: bool) -> HttpResponseBase:
    """Serve the original to members of the team, and a JPEG without private metadata to other people.

    Members see a JPEG too where browsers cannot show the format, and download the original.
    """
    is_member = get_rights(request.user, image.collection).is_member
    if is_member and (as_attachment or image.format in SHOWN_BY_BROWSERS):
        return _serve_original(request, image, as_attachment=as_attachment)
    return _serve_rendition(request, image, Rendition.FULL, as_attachment=as_attachment)


def _serve_original(request: HttpRequest, image: Image, *, as_attachment: bool) -> HttpResponseBase:
    def respond() -> FileResponse:
        return FileResponse(
            image.file.open("rb"),
            as_attachment=as_attachment,
            filename=build_download_name(image.original_name),
            content_type=CONTENT_TYPES.get(image.format, "application/octet-stream"),
        )

    return serve_cached_file(request, f'"{image.sha256}"', respond)


def _serve_rendition(
    request: HttpRequest, image: Image, rendition: Rendition, *, as_attachment: bool = False
) -> HttpResponseBase:
    def respond() -> FileResponse:
        file: File[bytes] = open_rendition(image=image, rendition=rendition)
        name = build_download_name(image.original_name, suffix=".jpg")
        return FileResponse(file, as_attachment=as_attachment, filename=name, content_type=THUMBNAIL_CONTENT_TYPE)

    return serve_cached_file(request, build_rendition_etag(image, rendition), respond)


def serve_cached_file(request: HttpRequest, etag: str, respond: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Respond with a file, or with 304 if the browser has it. The caller has checked access."""
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    try:
        with share_time(settings.STORAGE_TIMEOUT_S):
            response = response or respond()
    except (FileNotFoundError, InvalidImage) as error:
        raise Http404("The file of this picture is missing or can't be read.") from error
    except StorageUnavailable as error:
        return HttpResponse(describe_error(error), status=503, content_type="text/plain")
    for name, value in {**_HEADERS, "ETag": etag}.items():
        response[name] = value
    return response
