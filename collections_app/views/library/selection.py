"""The pictures that a form selects, the messages of several actions, and the session key of the action to undo."""

from django.http import HttpRequest
from django.utils.translation import ngettext_lazy

from collections_app.models.ids import parse_ids

MAX_SELECTED = 1000
UNDO = "undo"
TRASHED = ngettext_lazy("%(number)s picture moved to trash.", "%(number)s pictures moved to trash.", "count")
RESTORED = ngettext_lazy("%(number)s picture restored.", "%(number)s pictures restored.", "count")


def get_selected_ids(request: HttpRequest, field: str = "image") -> set[int]:
    """Return the ids that the form sent in the field; text that is no id is ignored."""
    return parse_ids(request.POST.getlist(field)[:MAX_SELECTED])
