"""The pages of a public link: its collections, and nothing about the rest of the site."""

import hashlib
import re
import uuid
from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from typing import Concatenate, ParamSpec, TypeVar

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collections_app.errors import (
    CancelledOut,
    EncoderError,
    IndexUnavailable,
    ModelLoading,
    SearchNotUnderstood,
    TooManyAttempts,
    TooManyRequests,
)
from collections_app.forms import get_bound_data
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.known_devices import find_device, remember_device
from collections_app.messages import describe_error
from collections_app.metrics import measure_stage
from collections_app.models import Collection, Image, ImageTotal, PublicLink
from collections_app.services.indexing.completeness import measure_coverage
from collections_app.services.library.files import build_download_name
from collections_app.services.library.renditions import Rendition, build_rendition_etag, open_rendition
from collections_app.services.search.query import clean_query
from collections_app.services.search.request import build_collection_request, require_understood
from collections_app.services.search.results import join_rows, run_search
from collections_app.services.sharing.public_links import check_link_password, make_collection_key
from collections_app.services.sharing.rate_limits import count_link_download, count_link_search
from collections_app.sharing_forms import LinkPasswordForm
from collections_app.views.library.files import serve_cached_file
from collections_app.views.paging import PictureList, paginate
from collections_app.views.search.page import read_cutoffs, render_loading

_Arguments = ParamSpec("_Arguments")
_Response = TypeVar("_Response", bound=HttpResponseBase)
_View = Callable[Concatenate[HttpRequest, PublicLink, _Arguments], HttpResponseBase]
_OPENED = "opened_links"
_SLASHES = re.compile(r"[/\\]")
# Downloads of pictures without a title have a number below this.
_DOWNLOAD_NUMBERS = 1_000_000


def require_link(view: _View[_Arguments]) -> Callable[..., HttpResponseBase]:
    """Pass the link to the view. An unknown secret is a 404; a link with a password redirects until it is entered."""

    @wraps(view)
    def checked(
        request: HttpRequest, /, secret: str, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> HttpResponseBase:
        link = _get_link(secret)
        if link.password and request.session.get(_OPENED, {}).get(str(link.pk)) != _digest_password(link):
            return _mark_unlisted(redirect("public_password", secret))
        response = _mark_unlisted(view(request, link, *args, **kwargs))
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    return checked


@login_not_required
@require_safe
@require_link
def public_link(request: HttpRequest, link: PublicLink) -> HttpResponse:
    """Show the pictures of the link's only collection, or the cards of its collections."""
    shown = list(Collection.objects.shown_under(link).with_summary())
    if len(shown) == 1:
        return _show_collection(request, link, shown[0])
    covers = Image.objects.in_bulk([each.cover_id for each in shown if each.cover_id])
    cards = [(each, make_collection_key(link, each), covers.get(each.cover_id)) for each in shown]
    return render(request, "sharing/public_collections.html", {"link": link, "cards": cards})


@login_not_required
@require_safe
@require_link
def public_collection(request: HttpRequest, link: PublicLink, collection_key: str) -> HttpResponse:
    """Show one of the link's collections."""
    shown = list(Collection.objects.shown_under(link))
    found = next((each for each in shown if compare_digest(make_collection_key(link, each), collection_key)), None)
    if found is None:
        raise Http404("This link doesn't show such a collection.")
    return _show_collection(request, link, found, has_others=len(shown) > 1)


@login_not_required
@require_safe
@require_link
def public_search(request: HttpRequest, link: PublicLink) -> HttpResponse:
    text = clean_query(request.GET.get("q", ""))
    if not text:
        return redirect("public_link", link.secret)
    context: dict[str, object] = {"link": link, "text": text}
    if rejection := _count_use(request, link, count_link_search):
        return _refuse_for_now(request, link, rejection, text=text)
    shown = list(Collection.objects.shown_under(link))
    search = build_collection_request(collections=shown, parameters=request.GET)
    try:
        require_understood(search)
        results = run_search(search, cutoffs=read_cutoffs(request))
    except ModelLoading:
        return render_loading(request, frame="sharing/public_base.html", **context)
    except (SearchNotUnderstood, CancelledOut) as error:
        return render(
            request, "sharing/public_collection.html", {**context, "problem": describe_error(error)}, status=400
        )
    except (EncoderError, IndexUnavailable) as error:
        return render(
            request, "sharing/public_collection.html", {**context, "failure": describe_error(error)}, status=503
        )
    page = paginate(request, results.ranked)
    images = [each.image for each in join_rows(list(page), images=search.scope.images)]
    coverage = measure_coverage(ImageTotal.objects.not_trashed().filter(collection__in=shown))
    context |= {"page": page, "images": images, "results": results, "coverage": coverage}
    with measure_stage("render"):
        return render(request, "sharing/public_collection.html", context)


@login_not_required
@require_safe
@require_link
def public_image(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponse:
    image = _get_image(link, public_id)
    newer, older = Image.objects.get_neighbours(image)
    context = {"link": link, "image": image, "newer": newer, "older": older}
    key = make_collection_key(link, image.collection)
    return render(request, "sharing/public_image.html", context | {"collection": image.collection, "key": key})


@login_not_required
@require_safe
@require_link
def public_thumbnail(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponseBase:
    return _send_rendition(request, _get_image(link, public_id), Rendition.GRID)


@login_not_required
@require_safe
@require_link
def public_preview(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponseBase:
    return _send_rendition(request, _get_image(link, public_id), Rendition.LARGE)


@login_not_required
@require_safe
@require_link
def public_download(request: HttpRequest, link: PublicLink, public_id: uuid.UUID) -> HttpResponseBase:
    if not link.allows_download:
        raise Http404("This link shows pictures, without downloads.")
    if rejection := _count_use(request, link, count_link_download):
        return _refuse_for_now(request, link, rejection)
    image = _get_image(link, public_id)
    return _send_rendition(request, image, Rendition.FULL, name=_name_download(image))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def public_password(request: HttpRequest, secret: str) -> HttpResponse:
    return _mark_unlisted(_ask_for_password(request, _get_link(secret)))


def _ask_for_password(request: HttpRequest, link: PublicLink) -> HttpResponse:
    form, status, retry_after_s = LinkPasswordForm(get_bound_data(request)), 400, 0
    if form.is_valid():
        try:
            address = get_adapter().get_client_ip(request)
            device = find_device(request, link)
            password = form.cleaned_data["password"]
            if check_link_password(link=link, password=password, address=address, device=device):
                remember_device(request, link)
                request.session[_OPENED] = {**request.session.get(_OPENED, {}), str(link.pk): _digest_password(link)}
                return redirect("public_link", link.secret)
            form.add_error("password", _("Wrong password. Try again."))
        except TooManyAttempts as error:
            form.add_error(None, describe_error(error))
            status, retry_after_s = 429, error.retry_after_s
    context = {"form": form, "link": link}
    response = render(request, "sharing/public_password.html", context, status=status if form.errors else 200)
    if retry_after_s:
        response["Retry-After"] = str(retry_after_s)
    return response


def _count_use(request: HttpRequest, link: PublicLink, count: Callable[..., None]) -> str:
    """Return why the visitor has to wait, or an empty string. There is no limit for signed-in people."""
    if request.user.is_authenticated:
        return ""
    try:
        count(link=link, address=get_adapter().get_client_ip(request))
    except TooManyRequests as error:
        return describe_error(error)
    return ""


def _refuse_for_now(request: HttpRequest, link: PublicLink, sentence: str, text: str = "") -> HttpResponse:
    context = {"link": link, "text": text, "rejection": sentence}
    response = render(request, "sharing/public_collection.html", context, status=429)
    response["Retry-After"] = "60"
    return response


def _mark_unlisted(response: _Response) -> _Response:
    """Tell search engines not to list the page, because its address is the secret.

    The site's Referrer-Policy, same-origin, hides it from other sites. With no-referrer browsers would send the page's
    forms without their origin, and the CSRF check would reject them.
    """
    response["X-Robots-Tag"] = "noindex"
    return response


def _get_link(secret: str) -> PublicLink:
    return get_object_or_404(PublicLink.objects.working().select_related("collection"), secret=secret)


def _get_image(link: PublicLink, public_id: uuid.UUID) -> Image:
    images = Image.objects.not_trashed().filter(collection__in=Collection.objects.shown_under(link))
    return get_object_or_404(images.select_related("collection"), public_id=public_id)


def _show_collection(
    request: HttpRequest, link: PublicLink, collection: Collection, *, has_others: bool = False
) -> HttpResponse:
    found = Collection.objects.filter(pk=collection.pk)
    pictures = PictureList(
        images=Image.objects.not_trashed(), collections=found, field="timeline_at", id_field="public_id"
    )
    count = ImageTotal.objects.not_trashed().filter(collection=collection).sum_images()
    context = {"link": link, "collection": collection, "has_others": has_others, "count": count}
    return render(request, "sharing/public_collection.html", context | {"pictures": pictures.get_page(request)})


def _digest_password(link: PublicLink) -> str:
    """Return what a session stores once the password was entered. It changes with the link's password."""
    return hashlib.sha256(link.password.encode()).hexdigest()


def _name_download(image: Image) -> str:
    """Return the title, or the name of the collection with a number. Visitors learn no name of an uploaded file."""
    number = int(image.public_id) % _DOWNLOAD_NUMBERS
    title = image.title or f"{image.collection.name} {number:06}"
    return build_download_name(_SLASHES.sub("-", title) + ".jpg")


def _send_rendition(request: HttpRequest, image: Image, rendition: Rendition, name: str = "") -> HttpResponseBase:
    def respond() -> FileResponse:
        file = open_rendition(image=image, rendition=rendition)
        content_type = THUMBNAIL_CONTENT_TYPE
        return FileResponse(file, as_attachment=bool(name), filename=name or "picture.jpg", content_type=content_type)

    return serve_cached_file(request, build_rendition_etag(image, rendition), respond)
