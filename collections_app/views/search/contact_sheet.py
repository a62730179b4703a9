"""What a search finds as a sheet of pictures, in rows of five: a PNG to keep or to send on."""

import io

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.errors import ImageSearchError
from collections_app.messages import in_words
from collections_app.permissions import SignedInRequest
from collections_app.services.library.contact_sheet import COLUMNS, MAX_ROWS, make_contact_sheet
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import answer
from collections_app.services.search.retrieval import rows_of
from collections_app.views.search.results_pages import asked_divider

USUAL_ROWS = 2


@require_safe
def search_sheet(request: SignedInRequest) -> HttpResponse:
    """`rows` is 1 to 10, two unless it is said."""
    question = parse_search_request(user=request.user, asked=request.GET)
    try:
        ranked = answer(question, divider=asked_divider(request)).ranked[: COLUMNS * _rows(request)]
        picture = make_contact_sheet([each.image for each in rows_of(ranked, images=question.scope.images)])
    except ValueError:
        return _back(request, _("Nothing was found, so there is no sheet to make."))
    except ImageSearchError as error:
        return _back(request, in_words(error))
    content = io.BytesIO()
    picture.save(content, format="PNG")
    response = HttpResponse(content.getvalue(), content_type="image/png")
    response["Content-Disposition"] = 'attachment; filename="pictures.png"'
    response["Cache-Control"] = "private, no-store"
    return response


def _rows(request: SignedInRequest) -> int:
    sent = request.GET.get("rows", "")
    return min(max(int(sent), 1), MAX_ROWS) if sent.isdecimal() and len(sent) < 4 else USUAL_ROWS


def _back(request: SignedInRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect(f"{reverse('search')}?{request.GET.urlencode()}")
