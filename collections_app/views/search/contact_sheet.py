"""The first results of a search as a contact sheet, a PNG with rows of five."""

import io

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.errors import ImageSearchError, SearchNotUnderstood
from collections_app.messages import describe_error
from collections_app.models.ids import parse_id
from collections_app.permissions import SignedInRequest
from collections_app.services.library.contact_sheet import COLUMNS, MAX_ROWS, make_contact_sheet
from collections_app.services.search.request import parse_search_request, require_understood
from collections_app.services.search.results import join_rows, run_search
from collections_app.views.refusals import render_misread
from collections_app.views.request_budget import RequestBudget
from collections_app.views.search.page import read_cutoffs

DEFAULT_ROWS = 2


@require_safe
def search_sheet(request: SignedInRequest) -> HttpResponse:
    """`rows` is 1 to MAX_ROWS."""
    search = parse_search_request(user=request.user, parameters=request.GET)
    budget = RequestBudget(request)
    rows = min(parse_id(request.GET.get("rows", "")) or DEFAULT_ROWS, MAX_ROWS)
    try:
        require_understood(search)
        found = run_search(search, cutoffs=read_cutoffs(request), wanted=COLUMNS * rows)
        images = [each.image for each in join_rows(found.ranked[: COLUMNS * rows], images=search.scope.images)]
        picture = make_contact_sheet(images, is_time_over=lambda: budget.is_spent)
    except SearchNotUnderstood as error:
        return render_misread(request, error)
    except ValueError:
        return _redirect_with_error(request, _("No pictures found, so there is no contact sheet."))
    except ImageSearchError as error:
        return _redirect_with_error(request, describe_error(error))
    content = io.BytesIO()
    picture.save(content, format="PNG")
    response = HttpResponse(content.getvalue(), content_type="image/png")
    response["Content-Disposition"] = 'attachment; filename="pictures.png"'
    response["Cache-Control"] = "private, no-store"
    return response


def _redirect_with_error(request: SignedInRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect(f"{reverse('search')}?{request.GET.urlencode()}")
