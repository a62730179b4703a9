"""The page that is shown while the model is loading; it asks by itself again for what was asked."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

RETRY_S = 2


def still_loading(request: HttpRequest, *, frame: str = "base.html", **context: object) -> HttpResponse:
    """`frame` is the template around it, which the context is for."""
    context |= {"frame": frame, "retry_s": RETRY_S}
    answer = render(request, "search/loading.html", context, status=503)
    answer["Retry-After"] = str(RETRY_S)
    return answer
