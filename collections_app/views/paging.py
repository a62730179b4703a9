"""Cutting lists into pages. A page number that makes no sense gives the nearest page that does."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE = 48


def requested_page(request: HttpRequest, items: Sequence[Any] | QuerySet[Any], *, size: int = PAGE_SIZE) -> Page[Any]:
    return Paginator(items, size).get_page(request.GET.get("page"))
