"""What a public link shows to anybody who has it: one collection, and nothing that tells of anything else."""

import hashlib
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import EncoderError, IndexUnavailable, ModelLoading
from collections_app.forms import LinkPasswordForm
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.messages import in_words
from collections_app.models import Image, PublicLink
from collections_app.permissions import sent_fields
from collections_app.services.library.renditions import Rendition, open_rendition
from collections_app.services.search.results import answer_in_words
from collections_app.services.search.retrieval import all_of_collections, clean_query, rows_of
from collections_app.services.sharing.public_links import opens
from collections_app.views.library.files import serve
from collections_app.views.paging import requested_page
from collections_app.views.search.loading import still_loading
from collections_app.views.search.results_pages import asked_divider

_Arguments = ParamSpec("_Arguments")
_Response = TypeVar("_Response", bound=HttpResponseBase)
_View = Callable[Concatenate[HttpRequest, PublicLink, _Arguments], HttpResponseBase]
# Wrong passwords for one link: from one address, and from everywhere.
_ATTEMPTS = {"link_password": "10/10m/ip,100/h/key"}
_OPENED = "opened_links"


def for_link(view: _View[_Arguments]) -> Callable[..., HttpResponseBase]:
    """The access line: the secret is looked up with every request, then the password asked for, if there is one."""

    @wraps(view)
    def checked(
        request: HttpRequest, /, secret: str, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> HttpResponseBase:
        link = _working_link(secret)
        if link.password and request.session.get(_OPENED, {}).get(str(link.pk)) != _mark(link):
            return _unlisted(redirect("public_password", secret))
        response = _unlisted(view(request, link, *args, **kwargs))
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    return checked


@login_not_required
@require_safe
@for_link
def public_link(request: HttpRequest, link: PublicLink) -> HttpResponse:
    images = Image.objects.not_trashed().filter(collection=link.collection).latest_first()
    page = requested_page(request, images)
    return render(request, "sharing/public_collection.html", {"link": link, "page": page, "images": page})


@login_not_required
@require_safe
@for_link
def public_search(request: HttpRequest, link: PublicLink) -> HttpResponse:
    text = clean_query(request.GET.get("q", ""))
    if not text:
        return redirect("public_link", link.secret)
    context: dict[str, object] = {"link": link, "text": text}
    try:
        scope = all_of_collections([link.collection])
        found = answer_in_words(scope=scope, text=text, divider=asked_divider(request))
    except ModelLoading:
        return still_loading(request, frame="sharing/public_base.html", **context)
    except (EncoderError, IndexUnavailable) as error:
        return render(request, "sharing/public_collection.html", {**context, "failure": in_words(error)}, status=503)
    page = requested_page(request, found.ranked)
    images = [each.image for each in rows_of(list(page), images=scope.images)]
    context |= {"page": page, "images": images, "answer": found}
    return render(request, "sharing/public_collection.html", context)


@login_not_required
@require_safe
@for_link
def public_image(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponse:
    image = _image(link, public_id)
    newer, older = Image.objects.neighbours_of(image)
    return render(request, "sharing/public_image.html", {"link": link, "image": image, "newer": newer, "older": older})


@login_not_required
@require_safe
@for_link
def public_thumbnail(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponseBase:
    return _serve(request, _image(link, public_id), Rendition.GRID)


@login_not_required
@require_safe
@for_link
def public_preview(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponseBase:
    return _serve(request, _image(link, public_id), Rendition.LARGE)


@login_not_required
@require_safe
@for_link
def public_download(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponseBase:
    if not link.allows_download:
        raise Http404("This link shows pictures, without downloads.")
    return _serve(request, _image(link, public_id), Rendition.FULL, name=slugify(link.collection.name) or "picture")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def public_password(request: HttpRequest, secret: str) -> HttpResponse:
    return _unlisted(_ask_for_password(request, _working_link(secret)))


def _ask_for_password(request: HttpRequest, link: PublicLink) -> HttpResponse:
    form = LinkPasswordForm(sent_fields(request))
    if form.is_valid():
        attempt = _attempt(request, link)
        if attempt is None:
            form.add_error(None, _("Too many attempts. Wait ten minutes and try again."))
            return render(request, "sharing/public_password.html", {"form": form, "link": link}, status=429)
        if opens(link, form.cleaned_data["password"]):
            attempt.rollback()
            request.session[_OPENED] = {**request.session.get(_OPENED, {}), str(link.pk): _mark(link)}
            return redirect("public_link", link.secret)
        form.add_error("password", _("This is not the password."))
    return render(
        request, "sharing/public_password.html", {"form": form, "link": link}, status=400 if form.errors else 200
    )


def _unlisted(response: _Response) -> _Response:
    """Its address is the secret: no search engine lists it.

    The site's own Referrer-Policy, same-origin, keeps it from other sites. With no-referrer, browsers would send the
    page's forms (the password's, the choice of a language) without their origin, and these would be refused.
    """
    response["X-Robots-Tag"] = "noindex"
    return response


def _working_link(secret: str) -> PublicLink:
    return get_object_or_404(PublicLink.objects.working().select_related("collection"), secret=secret)


def _image(link: PublicLink, public_id: uuid.UUID) -> Image:
    return get_object_or_404(Image.objects.not_trashed(), collection=link.collection, public_id=public_id)


def _attempt(request: HttpRequest, link: PublicLink) -> Any:
    """Count an attempt before it is made; None: there were too many. A right password is taken out of the count again,
    or many people who come from one address would keep each other out."""
    return ratelimit.consume(request, app="imagesearch", action="link_password", config=_ATTEMPTS, key=str(link.pk))


def _mark(link: PublicLink) -> str:
    """What the session remembers of an entered password: another password, and it opens nothing."""
    return hashlib.sha256(link.password.encode()).hexdigest()


def _serve(request: HttpRequest, image: Image, rendition: Rendition, name: str = "") -> HttpResponseBase:
    def respond() -> FileResponse:
        file = open_rendition(image=image, rendition=rendition)
        content_type = THUMBNAIL_CONTENT_TYPE
        return FileResponse(
            file, as_attachment=bool(name), filename=f"{name or 'picture'}.jpg", content_type=content_type
        )

    return serve(request, f'"{image.public_id}-{rendition.edge_px}"', respond)
