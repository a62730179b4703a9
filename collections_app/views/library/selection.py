"""The pictures that a form selects, and the session key under which an action stores how to undo it."""

from django.http import HttpRequest

from collections_app.models.ids import parse_ids

MAX_SELECTED = 1000
UNDO = "undo"


def get_selected_ids(request: HttpRequest, field: str = "image") -> set[int]:
    """Return the ids that the form sent in the field; text that is no id is ignored."""
    return parse_ids(request.POST.getlist(field)[:MAX_SELECTED])
