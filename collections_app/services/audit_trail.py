"""The audit trail: services record an event in the transaction of the change that it tells of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Model, Q
from django.utils import timezone

from collections_app.models import (
    AuditAction,
    AuditEvent,
    AuditObject,
    Collection,
    GuestLink,
    Image,
    Invitation,
    PublicLink,
    Share,
    Team,
    User,
)
from collections_app.models.audit_event import MAX_NAME_LENGTH, AuditEventQuerySet
from collections_app.models.concurrent_writes import write_in_chunks
from collections_app.models.image import ImageQuerySet


def record_event(
    *,
    action: AuditAction,
    actor: User | None,
    team: Team | None = None,
    target: Model | None = None,
    person: User | str | None = None,
    details: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Record that `actor` did this; None: the site itself. Call it in the transaction of the change.

    `target` is what was changed. `person` is the account that the action concerns, or an invited address. The team's
    owners read the event. `details` are JSON; `collections_app/activity.py` shows some of them. They must contain no
    secret, query or address of a person.
    """
    event = _build_event(action, actor, team, target, details or {})
    event.person = person if isinstance(person, User) else None
    event.person_name = _shorten(person.name if isinstance(person, User) else person or "")
    event.save()
    return event


class ImageEvents:
    """Counts the images of one action: one event for each team, which grows with each chunk of images."""

    def __init__(self, *, action: AuditAction, actor: User | None) -> None:
        self.actor = actor
        self._action = action
        self._events: dict[int, AuditEvent] = {}

    def add(self, images: ImageQuerySet) -> None:
        """Count these images. Call it in the transaction that changes them, before they are deleted.

        An event of one image names it. The number of statements is constant.
        """
        new, grown = dict[int, AuditEvent](), dict[int, AuditEvent]()
        for image in images.select_related("collection__team").only("title", "original_name", "collection__team__name"):
            team = image.collection.team
            if team.pk in self._events:
                grown[team.pk] = self._events[team.pk]
                self._count(self._events[team.pk])
            elif team.pk in new:
                self._count(new[team.pk])
            else:
                new[team.pk] = _build_event(self._action, self.actor, team, image, {"count": 1})
        AuditEvent.objects.bulk_create(new.values())
        AuditEvent.objects.bulk_update(grown.values(), ["details", "object_id", "object_name"])
        self._events |= new

    def _count(self, event: AuditEvent) -> None:
        event.details["count"] += 1
        event.object_id, event.object_name = None, ""


def forget_person(*, user_id: int, addresses: Iterable[str]) -> int:
    """Erase the name and the addresses of an account, deleted or not; return how many events changed.

    The events stay, with the id, and show that a deleted account did this.
    """
    person = Q(person=user_id) | Q(person=None, person_name__in=list(addresses))
    return _forget_names("actor_name", Q(actor=user_id)) + _forget_names("person_name", person)


def forget_teams(*, team_ids: Sequence[int], names: Iterable[str] = ()) -> int:
    """Delete the events of these deleted teams, and their names in events of other teams; return how many.

    Former names are found in the events that are deleted, so the names in other teams are erased first.
    """
    own = AuditEvent.objects.filter(team__in=team_ids)
    naming = find_share_events(team_ids=team_ids, names={*names, *_list_team_names(own)})
    ids = list(naming.values_list("pk", flat=True))
    return sum(write_in_chunks(ids, _forget_other_team)) + _delete_events(own)


def find_share_events(*, team_ids: Iterable[int], names: Iterable[str]) -> AuditEventQuerySet:
    """Return the events in other teams that name these deleted teams, with which a collection was shared.

    Events of earlier versions have the name without the id. They may also be about another team that has had this
    name, unless their share exists.
    """
    actions = (AuditAction.COLLECTION_SHARED, AuditAction.SHARE_CHANGED, AuditAction.SHARE_REVOKED)
    of_teams = Q(details__with_team_id__isnull=True, details__with_team__in=[name for name in names if name])
    of_teams &= ~Q(object_id__in=Share.objects.values("pk"))
    for team_id in team_ids:
        of_teams |= Q(details__with_team_id=team_id)
    return AuditEvent.objects.filter(of_teams, action__in=actions).exclude(details__with_team="")


def delete_old_events() -> int:
    """Delete the events that are older than AUDIT_DAYS, in short transactions; return how many. 0 days: keep all."""
    if not settings.AUDIT_DAYS:
        return 0
    return _delete_events(AuditEvent.objects.created_before(timezone.now() - timedelta(days=settings.AUDIT_DAYS)))


def _delete_events(events: AuditEventQuerySet) -> int:
    ids = list(events.order_by("pk").values_list("pk", flat=True))
    return sum(write_in_chunks(ids, lambda chunk: AuditEvent.objects.filter(pk__in=chunk).delete()[0]))


def _list_team_names(events: AuditEventQuerySet) -> set[str]:
    """Return the present and former names of the teams of these events."""
    renamed = events.filter(action=AuditAction.TEAM_RENAMED)
    return {
        *events.values_list("team_name", flat=True).distinct(),
        *(event.details.get("former_name", "") for event in renamed.iterator()),
    }


def _forget_other_team(ids: list[int]) -> int:
    events = list(AuditEvent.objects.filter(pk__in=ids))
    for event in events:
        event.details["with_team"] = ""
    return AuditEvent.objects.bulk_update(events, ["details"])


def _build_event(
    action: AuditAction, actor: User | None, team: Team | None, target: Model | None, details: Mapping[str, object]
) -> AuditEvent:
    return AuditEvent(
        action=action,
        actor=actor,
        actor_name=_shorten(actor.name if actor else ""),
        team=team,
        team_name=_shorten(team.name if team else ""),
        object_kind=_get_kind(target),
        object_id=target.pk if target is not None else None,
        object_name=_shorten(_get_name(target)),
        details=dict(details),
    )


def _forget_names(field: str, of_person: Q) -> int:
    ids = list(AuditEvent.objects.filter(of_person).exclude(**{field: ""}).values_list("pk", flat=True))
    return sum(write_in_chunks(ids, lambda chunk: AuditEvent.objects.filter(pk__in=chunk).update(**{field: ""})))


def _get_kind(target: Model | None) -> str:
    if target is None:
        return ""
    kind = target._meta.model_name or ""
    is_ours = target._meta.app_label == AuditEvent._meta.app_label and kind in AuditObject.values
    return kind if is_ours else AuditObject.OTHER


def _get_name(target: Model | None) -> str:
    """Return the name of the object, or of what a link, a share or an invitation gives access to.

    Objects of other models have none: their texts may contain addresses.
    """
    if isinstance(target, Share | PublicLink | GuestLink):
        return target.collection.name
    if isinstance(target, Invitation):
        return str(target.team or target.collection)
    return target.name if isinstance(target, Team | Collection | Image) else ""


def _shorten(name: str) -> str:
    return name[:MAX_NAME_LENGTH]
