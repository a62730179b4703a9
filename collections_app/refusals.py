"""Responses to refused requests: a page for people, JSON for scripts."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django_htmx.http import HTMX_STOP_POLLING, reswap, trigger_client_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A status, a stable code for scripts, and a heading and a sentence for people."""

    status: int
    code: str
    sentence: str | Promise
    heading: str | Promise = ""


def is_json_requested(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def build_json_refusal(refusal: Refusal) -> JsonResponse:
    return JsonResponse({"error": str(refusal.sentence), "code": refusal.code}, status=refusal.status)


def render_refusal(request: HttpRequest, refusal: Refusal, *, has_navigation: bool = False) -> HttpResponse:
    """The site's navigation reads the session and the database. Without it, the page also works if they fail."""
    if is_json_requested(request):
        return build_json_refusal(refusal)
    context = {"refusal": refusal, "has_navigation": has_navigation}
    page = render_to_string("refused.html", context, request if has_navigation else None)
    return HttpResponse(page, status=refusal.status)


def refuse_htmx_signed_out() -> HttpResponse:
    """Stop polling and say why in a toast. htmx would otherwise replace what the page shows by the empty answer."""
    response = reswap(HttpResponse(status=HTMX_STOP_POLLING), "none")
    return trigger_client_event(response, "toast:show", {"text": get_signed_out_sentence(), "level": "error"})


def get_signed_out_sentence() -> str:
    return _("You are signed out. Sign in and try again.")
