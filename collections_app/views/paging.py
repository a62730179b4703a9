"""Pages of lists."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE = 48


def paginate(request: HttpRequest, items: Sequence[Any] | QuerySet[Any], *, size: int = PAGE_SIZE) -> Page[Any]:
    """Return the page that the request asks for; an invalid number gives the first or the last page."""
    return Paginator(items, size).get_page(request.GET.get("page"))
