"""The pictures that a form selects, the messages of several actions, and the session key of the action to undo."""

from difflib import get_close_matches

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from collections_app.errors import SearchNotUnderstood
from collections_app.messages import format_count
from collections_app.models import Collection, Image
from collections_app.models.ids import parse_id
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request, require_understood
from collections_app.services.search.results import run_search

MAX_SELECTED = 1000
UNDO = "undo"
TRASHED = ngettext_lazy("%(number)s picture moved to trash.", "%(number)s pictures moved to trash.", "count")
RESTORED = ngettext_lazy("%(number)s picture restored.", "%(number)s pictures restored.", "count")
_TOO_MANY = ngettext_lazy(
    "Select at most %(number)s picture, or all of them.", "Select at most %(number)s pictures, or all of them.", "count"
)
# The fields that say which pictures are meant.
SELECTION_FIELDS = ("image", "all", "q", "collection", "team", "show")
_MISSPELLED = 0.75


def get_selected_ids(request: HttpRequest, field: str = "image") -> set[int]:
    """Return the ids that the form sent in the field. Raises SearchNotUnderstood for a value that is no id."""
    sent = request.POST.getlist(field)
    if len(sent) > MAX_SELECTED:
        raise SearchNotUnderstood(format_count(_TOO_MANY, MAX_SELECTED))
    ids = {text: parse_id(text) for text in sent}
    if unreadable := next((text for text, image_id in ids.items() if image_id is None), None):
        raise SearchNotUnderstood(_("“%(value)s” isn't the number of a picture.") % {"value": unreadable[:50]})
    if None in ids.values():
        raise SearchNotUnderstood(_("The number of a picture is missing."))
    return {image_id for image_id in ids.values() if image_id is not None}


def is_all_selected(request: HttpRequest) -> bool:
    """Return whether the form selects everything. Raises SearchNotUnderstood for a value other than 1."""
    if unreadable := next((value for value in request.POST.getlist("all") if value != "1"), None):
        raise SearchNotUnderstood(_("“%(value)s” can't be used for “all”.") % {"value": unreadable[:50]})
    if "" in request.POST.getlist("all"):
        raise SearchNotUnderstood(_("“all” has no value."))
    return "all" in request.POST


def read_selection(request: SignedInRequest) -> ImageQuerySet:
    """Return the pictures that the form selects: by their ids, or all of its search or of its collection.

    Raises SearchNotUnderstood if anything in the form cannot be understood, and what `run_search` raises.
    """
    _reject_misspelled_fields(request)
    visible = Image.objects.visible_to(request.user)
    collection = _find_scope_collection(request)
    if not is_all_selected(request):
        return visible.filter(pk__in=get_selected_ids(request))
    if "q" in request.POST:
        return visible.filter(pk__in=_find_result_ids(request))
    if collection is None or "team" in request.POST:
        raise SearchNotUnderstood(_("It is unclear which pictures are meant. Open the search or collection again."))
    return visible.filter(collection=collection)


def _reject_misspelled_fields(request: HttpRequest) -> None:
    for name in request.POST.keys() - set(SELECTION_FIELDS):
        if close := get_close_matches(name, SELECTION_FIELDS, n=1, cutoff=_MISSPELLED):
            sentence = _("The form has an unknown field “%(name)s”. Did you mean “%(close)s”?")
            raise SearchNotUnderstood(sentence % {"name": name[:50], "close": close[0]})
    if repeated := next((name for name in ("q", "collection", "team") if len(request.POST.getlist(name)) > 1), None):
        raise SearchNotUnderstood(_("The form has more than one value of “%(name)s”.") % {"name": repeated})


def _find_scope_collection(request: SignedInRequest) -> Collection | None:
    sent = request.POST.get("collection", "")
    if not sent:
        return None
    found = Collection.objects.visible_to(request.user).filter(pk=parse_id(sent) or 0).first()
    if found is None:
        raise SearchNotUnderstood(_("This collection or team doesn't exist, or you can't see it."))
    return found


def _find_result_ids(request: SignedInRequest) -> list[int]:
    search = parse_search_request(user=request.user, parameters=request.POST)
    require_understood(search)
    if not search.text:
        raise SearchNotUnderstood(_("The search is empty, so it is unclear which pictures are meant."))
    cutoffs = NO_CUTOFFS if request.POST.get("show") == "all" else None
    return [each.id for each in run_search(search, cutoffs=cutoffs).ranked]
