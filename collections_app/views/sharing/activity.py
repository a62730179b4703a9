"""The activity of a team: its part of the audit trail, for its owners."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.activity import describe_event, name_actor
from collections_app.models import AuditEvent
from collections_app.models.audit_event import AuditEventQuerySet
from collections_app.models.ids import parse_id
from collections_app.permissions import SignedInRequest, get_owned_team
from collections_app.sharing_forms import ActivityFilterForm
from collections_app.views.paging import FOLLOWS, PAGE_SIZE, PRECEDES


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    event: AuditEvent
    sentence: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Some events, newest first. `newer` and `older` are the ids that the pages before and after this one begin at."""

    rows: Sequence[EventRow]
    newer: int | None = None
    older: int | None = None


@require_safe
def team_activity(request: SignedInRequest, pk: int) -> HttpResponse:
    team = get_owned_team(request.user, pk)
    form = ActivityFilterForm(request.GET, team=team)
    # A filter that cannot be understood shows nothing.
    events = AuditEvent.objects.in_team(team) if form.is_valid() else AuditEvent.objects.none()
    if form.is_valid() and (action := form.cleaned_data["action"]):
        events = events.filter(action=action)
    if form.is_valid() and (actor_id := form.cleaned_data["person"]):
        events = events.by_actor(int(actor_id))
    context = {
        "team": team,
        "form": form,
        "is_filtered": form.has_changed(),
        "page": _get_page(request, events),
        "days": settings.AUDIT_DAYS,
    }
    return render(request, "sharing/activity.html", context, status=200 if form.is_valid() else 400)


def _get_page(request: SignedInRequest, events: AuditEventQuerySet) -> EventPage:
    """Return the page that follows or precedes an event, or the first page if there is none."""
    precedes, follows = (parse_id(request.GET.get(name, "")) for name in (PRECEDES, FOLLOWS))
    if precedes:
        found = list(events.with_people().filter(pk__gt=precedes).order_by("pk")[: PAGE_SIZE + 1])
        if len(found) > PAGE_SIZE:
            shown = found[PAGE_SIZE - 1 :: -1]
            return EventPage(rows=_describe(shown), newer=shown[0].pk, older=shown[-1].pk)
        follows = None
    latest = events.with_people().order_by("-pk")
    following = list(latest.filter(pk__lt=follows)[: PAGE_SIZE + 1]) if follows else []
    found = following or list(latest[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return EventPage(
        rows=_describe(shown),
        newer=shown[0].pk if following else None,
        older=shown[-1].pk if len(found) > PAGE_SIZE else None,
    )


def _describe(events: Sequence[AuditEvent]) -> list[EventRow]:
    return [EventRow(event=each, sentence=describe_event(each), actor=name_actor(each)) for each in events]
