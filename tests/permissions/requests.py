"""Addresses of the application: filling them in and requesting them."""

import re

from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern

from collections_app.urls import urlpatterns

METHODS = ("GET", "POST")
# What `pk` stands for where the address does not begin with it.
_BY_PREFIX = {
    "archives": "archive",
    "collections": "collection",
    "shared": "collection",
    "images": "image",
    "trash": "image",
    "teams": "team",
    "invitations": "invitation",
    "exports": "export",
    "notices": "notice",
    "searches": "search",
}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def routes() -> dict[str, str]:
    """Return the name and route of every address of the application."""
    return {str(each.name): str(each.pattern) for each in urlpatterns if isinstance(each, URLPattern)}


def has_object(route: str) -> bool:
    return "<" in route


def fill(route: str, values: dict[str, object]) -> str:
    prefix = route.split("/", 1)[0]

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "pk":
            name = _BY_PREFIX[prefix]
        elif name == "secret" and prefix == "invitations":
            name = "invitation_secret"
        elif name == "secret" and prefix == "g":
            name = "guest_secret"
        return str(values[name])

    return "/" + _PARAMETER.sub(value, route)


def status(client: Client, method: str, address: str) -> int:
    """Ask, and undo what it has changed. A failure of the server fails the test."""
    with transaction.atomic():
        answer = client.generic(method, address)
        transaction.set_rollback(True)
    assert not connection.needs_rollback
    return answer.status_code
