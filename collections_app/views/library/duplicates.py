"""Duplicates: the teams that have any, the page of one team, keeping one of a group, and dismissing a group."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import ImageDeleted
from collections_app.messages import describe_error, format_count
from collections_app.models import DuplicateGroup, Team
from collections_app.permissions import SignedInRequest, get_editable_team, get_visible_team
from collections_app.services.duplicates.decisions import dismiss_duplicates, trash_all_duplicates_except
from collections_app.services.duplicates.pages import MAX_COUNTED, parse_position, read_group_page
from collections_app.views.library.answers import offer_undo
from collections_app.views.library.selection import TRASHED, get_selected_ids
from collections_app.views.refusals import refuse_misread

GROUPS_PER_PAGE = 12


@require_safe
def duplicates(request: SignedInRequest) -> HttpResponse:
    """Show the teams of the user, those with duplicates first, or the duplicates of the only team."""
    counts = DuplicateGroup.objects.count_by_team(request.user)
    teams = list(Team.objects.visible_to(request.user).order_by("name", "pk"))
    if len(teams) == 1:
        return team_duplicates(request, teams[0].pk)
    counted = [(team, counts.get(team.pk, 0)) for team in teams]
    counted.sort(key=lambda each: not each[1])
    return render(request, "library/duplicates_of_teams.html", {"teams": counted})


@require_safe
def team_duplicates(request: SignedInRequest, pk: int) -> HttpResponse:
    team = get_visible_team(request.user, pk)
    after = parse_position(request.GET.get("after", ""))
    page = read_group_page(team=team, user=request.user, after=after, size=GROUPS_PER_PAGE)
    context = {
        "team": team,
        "page": page,
        "after": after,
        "max_counted": MAX_COUNTED,
        "can_dismiss": Team.objects.editable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "library/duplicates.html", context)


def _redirect_to_page(request: SignedInRequest, pk: int) -> HttpResponse:
    after = parse_position(request.POST.get("after", ""))
    address = reverse("team_duplicates", args=[pk])
    return redirect(f"{address}?after={after}" if after else address)


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
        back = redirect("team_duplicates", team.pk)
        offer_undo(request, format_count(TRASHED, result.count), result=result, back=back)
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
