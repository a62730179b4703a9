"""Responses to refused requests: a page for people, JSON for scripts."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise


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
