"""Going on to a search that a form has added to; used by `search` and `examples`."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import redirect

from collections_app.permissions import SignedInRequest
from collections_app.services.search.query import Query
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.search_urls import search_address


def go_on(request: SignedInRequest, question: SearchRequest, query: Query) -> HttpResponseRedirect:
    """Go to the query, which is made of what could be read of the question; say of the rest why it is not in it."""
    for problem in question.query.problems:
        messages.warning(request, problem)
    return redirect(search_address(question, query))
