"""Moving selected pictures to another collection, also to a new one."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import LimitReached, NameTaken
from collections_app.forms import CollectionNameForm
from collections_app.messages import describe_error, format_count
from collections_app.models import Collection, Team
from collections_app.models.ids import parse_id
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.refusals import is_json_requested
from collections_app.services.library.bulk_changes import move_in_bulk
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import delete_if_empty
from collections_app.views.library.answers import (
    answer_selection,
    find_collection,
    get_selected,
    redirect_to_selection,
    report_action,
    warn_of_no_selection,
)
from collections_app.views.library.selection import SELECTION_FIELDS
from collections_app.views.refusals import refuse_misread

_MOVED = ngettext_lazy(
    "%(number)s picture moved to “%(target)s”.", "%(number)s pictures moved to “%(target)s”.", "count"
)


@require_safe
def selection_targets(request: SignedInRequest) -> HttpResponse:
    """Render the part of a page that offers collections to move pictures to."""
    return render(request, "partials/_move_targets.html", {"targets": _list_targets(request, request.GET)})


@require_POST
@refuse_misread(redirect_to_selection)
def selection_move(request: SignedInRequest) -> HttpResponse:
    """Move to the collection `target`, or to a new one named `new_name`. Without these, show a page that offers both.

    Only members who edit may move pictures out of a collection; the target may be one they edit by a share.
    """
    selected = get_selected(request)
    if not (request.POST.get("target") or request.POST.get("new_name") or is_json_requested(request)):
        return _render_targets(request) if selected.exists() else warn_of_no_selection(request)
    is_new = not request.POST.get("target")
    try:
        target = _create_target(request, selected) if is_new else find_collection(request, "target")
    except (LimitReached, NameTaken) as error:
        messages.error(request, describe_error(error))
        return answer_selection(request)
    if target is None:
        messages.error(request, _("Select a collection to move the pictures to."))
        return answer_selection(request)
    ids = list(selected.exclude(collection=target).values_list("pk", flat=True))
    result = move_in_bulk(image_ids=ids, target=target, user=request.user, is_new=is_new)
    if is_new and not result.count:
        delete_if_empty(collections=Collection.objects.filter(pk=target.pk), deleter=request.user)
    report_action(request, format_count(_MOVED, result.count, target=target), result=result, ids=ids)
    return answer_selection(request, removed=result.image_ids if request.POST.get("collection") else ())


def _render_targets(request: SignedInRequest) -> HttpResponse:
    """Render a page with the collections to move the pictures to, and the selection as hidden fields."""
    names = (*SELECTION_FIELDS, "next")
    fields = [(name, value) for name in names for value in request.POST.getlist(name)]
    context = {"fields": fields, "targets": _list_targets(request, request.POST)}
    return render(request, "library/move.html", context)


def _list_targets(request: SignedInRequest, parameters: QueryDict) -> QuerySet[Collection]:
    """Return the collections that the person may add pictures to, without the one named by the parameters."""
    targets = Collection.objects.editable_by(request.user).select_related("team")
    return targets.exclude(pk=parse_id(parameters.get("collection", "")) or 0)


def _create_target(request: SignedInRequest, images: ImageQuerySet) -> Collection | None:
    """Create the collection that the form names, in the team of the images; return None if it has no proper name.

    For images of several teams or of none that the person may move, it is created in their personal team. Raises
    LimitReached or NameTaken.
    """
    form = CollectionNameForm({"name": request.POST.get("new_name", "")})
    if not form.is_valid():
        return None
    movable = Collection.objects.managed_by(request.user).filter(images__in=images)
    teams = list(Team.objects.filter(pk__in=movable.values("team"))[:2])
    team = teams[0] if len(teams) == 1 else request.user.personal_team
    return create_collection(team=team, name=form.cleaned_data["name"], creator=request.user)
