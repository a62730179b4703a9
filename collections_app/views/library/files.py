"""The bytes of pictures, for those who may see the row: asked on every request, also where the browser has them."""

from collections.abc import Callable
from pathlib import PurePath

from django.core.files import File
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE, formats
from collections_app.messages import in_words
from collections_app.models import Image
from collections_app.permissions import SignedInRequest, rights_over, visible_image_or_404
from collections_app.services.library.renditions import Rendition, open_rendition

_FORMATS = (
    formats.JPEG,
    formats.PNG,
    formats.WEBP,
    formats.GIF,
    formats.AVIF,
    formats.HEIF,
    formats.BMP,
    formats.TIFF,
)
_CONTENT_TYPES = {each.name: each.content_type for each in _FORMATS}
# A picture is never a page: whatever a browser takes it for, it runs nothing, loads nothing, and has no origin.
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
def image_file(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_whole(request, visible_image_or_404(request.user, pk), as_attachment=False)


@require_safe
def image_download(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_whole(request, visible_image_or_404(request.user, pk), as_attachment=True)


@require_safe
def image_thumbnail(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_rendition(request, visible_image_or_404(request.user, pk), Rendition.GRID)


@require_safe
def trash_thumbnail(request: SignedInRequest, pk: int) -> HttpResponseBase:
    image = get_object_or_404(Image.objects.in_trash_of(request.user), pk=pk)
    return _serve_rendition(request, image, Rendition.GRID)


@require_safe
def image_preview(request: SignedInRequest, pk: int) -> HttpResponseBase:
    return _serve_rendition(request, visible_image_or_404(request.user, pk), Rendition.LARGE)


def _serve_whole(request: SignedInRequest, image: Image, *, as_attachment: bool) -> HttpResponseBase:
    """Members of the team get the original; who sees it by a share gets it without private metadata."""
    if rights_over(request.user, image.collection).is_member:
        return _serve_original(request, image, as_attachment=as_attachment)
    return _serve_rendition(request, image, Rendition.FULL, as_attachment=as_attachment)


def _serve_original(request: HttpRequest, image: Image, *, as_attachment: bool) -> HttpResponseBase:
    def respond() -> FileResponse:
        return FileResponse(
            image.file.open("rb"),
            as_attachment=as_attachment,
            filename=_safe_name(image.original_name),
            content_type=_CONTENT_TYPES.get(image.format, "application/octet-stream"),
        )

    return serve(request, f'"{image.sha256}"', respond)


def _serve_rendition(
    request: HttpRequest, image: Image, rendition: Rendition, *, as_attachment: bool = False
) -> HttpResponseBase:
    def respond() -> FileResponse:
        file: File[bytes] = open_rendition(image=image, rendition=rendition)
        name = f"{PurePath(_safe_name(image.original_name)).stem}.jpg"
        return FileResponse(file, as_attachment=as_attachment, filename=name, content_type=THUMBNAIL_CONTENT_TYPE)

    return serve(request, f'"{image.sha256}-{rendition.edge_px}"', respond)


def serve(request: HttpRequest, etag: str, respond: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """SearchResults with a picture's bytes, or 304 where the browser has them. The caller has asked for access."""
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    try:
        response = response or respond()
    except (FileNotFoundError, InvalidImage) as error:
        raise Http404("This picture's file is gone or cannot be read.") from error
    except StorageUnavailable as error:
        return HttpResponse(in_words(error), status=503, content_type="text/plain")
    for name, value in {**_HEADERS, "ETag": etag}.items():
        response[name] = value
    return response


def _safe_name(name: str) -> str:
    """Return a bare file name that a header can hold, whatever the row has."""
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable())
    return printable.encode(errors="ignore").decode() or "picture"
