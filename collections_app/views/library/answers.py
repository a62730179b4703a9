"""Shared parts of actions on selected pictures: the selection, the messages, and the answer.

Scripts that stay on the page get JSON; other clients are redirected to a page that shows the messages.
"""

from collections.abc import Collection as Ids
from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from collections_app.errors import ImageSearchError, SearchNotUnderstood
from collections_app.messages import describe_error, format_count
from collections_app.models import Collection, Image
from collections_app.models.ids import parse_id
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.refusals import is_json_requested
from collections_app.services.library.bulk_changes import BulkResult
from collections_app.views.library.selection import MAX_SELECTED, UNDO, read_selection

_MOST_NAMED = 3
NOT_EDITED = ngettext_lazy(
    "%(number)s picture skipped: you can only view it.",
    "%(number)s pictures skipped: you can only view them.",
    "count",
)


def redirect_to_next(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect to the page that the form names as `next`, or None if it is not a page of this site."""
    address = request.POST.get("next", "")
    hosts, is_secure = {request.get_host()}, request.is_secure()
    is_own = url_has_allowed_host_and_scheme(address, allowed_hosts=hosts, require_https=is_secure)
    return HttpResponseRedirect(address) if is_own else None


def answer_action(
    request: HttpRequest, back: HttpResponse, *, removed: Iterable[int] | None = (), restored: int = 0
) -> HttpResponse:
    """Return `back`, whose page shows the messages, or the messages as JSON for a script.

    `removed` are the ids of pictures that leave the page. If they are unknown (None) or many, the script loads the
    page again. `restored` is the number of pictures whose change was undone.
    """
    if not is_json_requested(request):
        return back
    removed_ids = [] if removed is None else list(removed)
    is_stale = removed is None or len(removed_ids) > MAX_SELECTED
    return JsonResponse(
        {
            "messages": _read_messages(request),
            "removed": [] if is_stale else removed_ids,
            "is_stale": is_stale,
            "restored": restored,
        }
    )


def _read_messages(request: HttpRequest) -> list[dict[str, str]]:
    """Return the messages, which no later page shows again. `undo` is the id of the action that can be undone."""
    action_id = request.session.get(UNDO, {}).get("action", "")
    return [
        {
            "level": message.level_tag,
            "text": str(message),
            "undo": action_id if message.extra_tags == UNDO else "",
        }
        for message in messages.get_messages(request)
    ]


def redirect_to_selection(request: SignedInRequest) -> HttpResponse:
    if back := redirect_to_next(request):
        return back
    if request.POST.get("q"):
        fields = {name: request.POST[name] for name in ("q", "collection", "team") if name in request.POST}
        return redirect(f"{reverse('search')}?{urlencode(fields)}")
    collection = find_collection(request, "collection", editable=False)
    return redirect("collection", collection.pk) if collection else redirect("gallery")


def answer_selection(request: SignedInRequest, removed: Iterable[int] = ()) -> HttpResponse:
    return answer_action(request, redirect_to_selection(request), removed=removed)


def warn_of_no_selection(request: SignedInRequest) -> HttpResponse:
    messages.warning(request, _("Select pictures first."))
    return answer_selection(request)


def report_action(
    request: SignedInRequest, sentence: str, *, result: BulkResult, ids: Ids[int], skipped: Promise = NOT_EDITED
) -> None:
    """Show how many pictures were changed, which others were not and why, and a button to undo."""
    if result.count:
        offer_undo(request, sentence, result=result, back=redirect_to_selection(request))
    if result.error:
        messages.error(request, describe_error(result.error))
    elif skipped_ids := set(ids) - set(result.image_ids):
        messages.warning(request, f"{format_count(skipped, len(skipped_ids))} {_name_pictures(skipped_ids)}")
    elif not ids:
        messages.warning(request, _("Select pictures first."))


def offer_undo(request: HttpRequest, sentence: str, *, result: BulkResult, back: HttpResponse) -> None:
    """Show the sentence with a button to undo the action and return to the page of the redirect `back`."""
    request.session[UNDO] = {"action": str(result.action_id), "back": back["Location"]}
    messages.success(request, sentence, extra_tags=UNDO)


def _name_pictures(image_ids: set[int]) -> str:
    """Return the names of the first pictures in parentheses."""
    names = [image.name for image in Image.objects.filter(pk__in=sorted(image_ids)[:_MOST_NAMED])]
    more = ", …" if len(image_ids) > len(names) else ""
    return f"({', '.join(names)}{more})"


def get_selected(request: SignedInRequest) -> ImageQuerySet:
    """Return the pictures that the form selects; a search that fails selects nothing and shows the error.

    Raises SearchNotUnderstood.
    """
    try:
        return read_selection(request)
    except SearchNotUnderstood:
        raise
    except ImageSearchError as error:
        messages.error(request, describe_error(error))
        return Image.objects.none()


def find_collection(request: SignedInRequest, field: str, *, editable: bool = True) -> Collection | None:
    allowed = Collection.objects.editable_by(request.user) if editable else Collection.objects.visible_to(request.user)
    pk = parse_id(request.POST.get(field, ""))
    return allowed.filter(pk=pk).first() if pk else None
