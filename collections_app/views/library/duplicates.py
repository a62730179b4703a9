"""A team's duplicates: their page, keeping one of a group, and dismissing a group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import EncoderError, ImageDeleted, IndexUnavailable
from collections_app.messages import describe_error, format_count
from collections_app.models import Image, Team, User
from collections_app.permissions import SignedInRequest, get_editable_team, get_visible_team
from collections_app.services.duplicates.decisions import dismiss_duplicates, trash_all_duplicates_except
from collections_app.services.duplicates.finder import DuplicateGroup, find_exact_duplicates, find_near_duplicates
from collections_app.views.library.selection import TRASHED, UNDO, get_selected_ids
from collections_app.views.paging import paginate
from collections_app.views.refusals import refuse_misread

GROUPS_PER_PAGE = 12
# A larger group shows its best images; the others follow when these are gone.
MAX_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """An image of a group. `is_copy`: identical to the keeper, byte for byte."""

    image: Image
    is_keeper: bool
    is_copy: bool
    can_edit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    images: Sequence[ShownImage]
    keep_reason: str

    @property
    def can_edit(self) -> bool:
        return any(shown.can_edit for shown in self.images)


@require_safe
def team_duplicates(request: SignedInRequest, pk: int) -> HttpResponse:
    """If the index is unavailable, show identical files only."""
    team = get_visible_team(request.user, pk)
    context: dict[str, object] = {"team": team}
    try:
        found = find_near_duplicates(team=team)
    except (EncoderError, IndexUnavailable) as error:
        found, context["sentence"] = find_exact_duplicates(team=team), describe_error(error)
    page = paginate(request, found, size=GROUPS_PER_PAGE)
    context |= {
        "page": page,
        "groups": _list_shown_groups(page.object_list, request.user),
        "can_dismiss": Team.objects.editable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "library/duplicates.html", context, status=503 if "sentence" in context else 200)


def _redirect_to_page(request: SignedInRequest, pk: int) -> HttpResponse:
    page = request.POST.get("page", "")
    address = reverse("team_duplicates", args=[pk])
    return redirect(f"{address}?page={page}" if page.isdecimal() and len(page) < 9 else address)


@require_POST
@refuse_misread(_redirect_to_page)
def duplicates_trash(request: SignedInRequest, pk: int) -> HttpResponse:
    team = get_visible_team(request.user, pk)
    keepers, ticked = get_selected_ids(request, "keep"), get_selected_ids(request)
    if len(keepers) != 1 or not ticked - keepers:
        messages.warning(request, _("Select the picture to keep and the ones to move to trash."))
        return _redirect_to_page(request, pk)
    try:
        result = trash_all_duplicates_except(team=team, keeper_id=keepers.pop(), image_ids=ticked, trasher=request.user)
    except ImageDeleted as error:
        messages.error(request, describe_error(error))
        return _redirect_to_page(request, pk)
    if result.count:
        request.session[UNDO] = {
            "action": str(result.action_id),
            "back": reverse("team_duplicates", args=[team.pk]),
        }
        messages.success(request, format_count(TRASHED, result.count), extra_tags="undo")
    else:
        messages.warning(request, _("Nothing was moved. You can only view these pictures, or they were deleted."))
    return _redirect_to_page(request, pk)


@require_POST
@refuse_misread(_redirect_to_page)
def duplicates_different(request: SignedInRequest, pk: int) -> HttpResponse:
    team = get_editable_team(request.user, pk)
    count = dismiss_duplicates(team=team, image_ids=get_selected_ids(request, "member"), member=request.user)
    if count > 1:
        messages.success(request, _("These pictures are no longer shown as duplicates of each other."))
    else:
        messages.warning(request, _("These pictures no longer exist."))
    return _redirect_to_page(request, pk)


def _list_shown_groups(groups: Iterable[DuplicateGroup], user: User) -> list[ShownGroup]:
    """Read the groups' images in two statements, however many groups there are."""
    groups = list(groups)
    ids = [image_id for group in groups for image_id in group.ids[:MAX_SHOWN]]
    images = Image.objects.visible_to(user).with_collection().in_bulk(ids)
    editable = set(Image.objects.editable_by(user).filter(pk__in=ids).values_list("pk", flat=True))
    return [
        ShownGroup(
            keep_reason=group.keep_reason,
            images=[
                ShownImage(
                    image=images[image_id],
                    is_keeper=image_id == group.keeper.id,
                    is_copy=group.is_copy(image_id),
                    can_edit=image_id in editable,
                )
                for image_id in group.ids[:MAX_SHOWN]
                if image_id in images
            ],
        )
        for group in groups
    ]
