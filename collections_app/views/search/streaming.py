"""A page that is sent in two goes: what stands around an answer at once, so that browsers can begin with it."""

import logging
from collections.abc import Callable, Iterator

from django.db import DatabaseError
from django.http import HttpRequest, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

# No text of a person can hold it: theirs is escaped.
_SLOT = mark_safe("<!-- answer -->")


def page_around(request: HttpRequest, template: str, context: dict[str, object]) -> tuple[str, str]:
    """Return what comes before and after `{{ slot }}` in a page. Cookies and messages are settled by then."""
    before, _slot, after = render_to_string(template, {**context, "slot": _SLOT}, request).partition(_SLOT)
    return before, after


def streamed(
    request: HttpRequest, around: tuple[str, str], template: str, context: Callable[[], dict[str, object]]
) -> StreamingHttpResponse:
    """Send a page around a template, whose context is made when the first part is on its way."""

    def parts() -> Iterator[str]:
        before, after = around
        yield before
        try:
            yield render_to_string(template, context(), request)
        except DatabaseError:  # the status is sent: all that is left is to say so
            log.exception("An answer broke off")
            yield render_to_string("partials/_search_failure.html", {"failure": _("Try again in a moment.")})
        yield after

    return StreamingHttpResponse(parts())
