"""The address "/": the gallery of people who are signed in, and a start page for visitors."""

from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.errors import gettext_noop as _
from collections_app.permissions import SignedInRequest
from collections_app.refusals import refuse_htmx_signed_out
from collections_app.services.sharing.public_links import find_demo_link
from collections_app.views.library.gallery import gallery

# Static files, and the queries that would find them.
_PICTURES = (
    ("img/start/dog.webp", _("a white dog in the snow")),
    ("img/start/butterfly.webp", _("a purple butterfly")),
    ("img/start/fish.webp", _("two orange fish in the sea")),
)


@login_not_required
@require_safe
def start(request: HttpRequest) -> HttpResponseBase:
    if request.user.is_authenticated:
        return gallery(cast(SignedInRequest, request))
    if request.headers.get("HX-Request"):  # a page of somebody who has been signed out
        return refuse_htmx_signed_out()
    return render(request, "start.html", {"pictures": _PICTURES, "demo_link": find_demo_link()})
