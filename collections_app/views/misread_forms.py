"""Answers to forms and addresses that cannot be understood: a sentence, and nothing is changed."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from collections_app.errors import SearchNotUnderstood
from collections_app.messages import describe_error
from collections_app.middleware import is_json_requested
from collections_app.permissions import SignedInRequest

_Arguments = ParamSpec("_Arguments")
_View = Callable[Concatenate[SignedInRequest, _Arguments], HttpResponseBase]


def render_refusal(request: HttpRequest, sentence: str) -> HttpResponse:
    """Return a 400, for clients that expect a file: a redirect would be taken for it."""
    if is_json_requested(request):
        return JsonResponse({"error": sentence, "code": "not_understood"}, status=400)
    return render(request, "not_understood.html", {"sentence": sentence}, status=400)


def refuse_misread(
    redirect_back: Callable[Concatenate[SignedInRequest, _Arguments], HttpResponse],
) -> Callable[[_View[_Arguments]], _View[_Arguments]]:
    """Redirect with a message if the view raises SearchNotUnderstood. Views read the whole form before they act."""

    def decorate(view: _View[_Arguments]) -> _View[_Arguments]:
        @wraps(view)
        def checked(
            request: SignedInRequest, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
        ) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except SearchNotUnderstood as error:
                sentence = f"{describe_error(error)} {_('Nothing was changed.')}"
                if is_json_requested(request):
                    return JsonResponse({"error": sentence, "code": "not_understood"}, status=400)
                messages.error(request, sentence)
                return redirect_back(request, *args, **kwargs)

        return checked

    return decorate
