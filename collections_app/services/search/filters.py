"""What the conditions of a query mean for one person: where to search, with which filters, in which order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from collections_app.index import NO_FILTERS, Filters
from collections_app.models import Collection, Image, Team, User
from collections_app.services.search.query import SHAPES, Condition

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_PIXELS = re.compile(r"(\d{1,6})(?:px)?", re.IGNORECASE)
_FORMATS = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "webp": "WEBP",
    "avif": "AVIF",
    "heic": "HEIF",
    "heif": "HEIF",
    "tif": "TIFF",
    "tiff": "TIFF",
    "bmp": "BMP",
}
_MOST_PEOPLE = 100
_DATE_FIELDS = {
    "after": "taken_from",
    "before": "taken_before",
    "added-after": "created_from",
    "added-before": "created_before",
}


class VisibleScopes:
    """The teams and collections that somebody may see; each is asked for when the first one of them is wanted."""

    def __init__(self, user: User) -> None:
        self._user = user

    @cached_property
    def teams(self) -> list[Team]:
        return list(Team.objects.visible_to(self._user))

    @cached_property
    def collections(self) -> list[Collection]:
        return list(Collection.objects.visible_to(self._user).select_related("team"))


@dataclass(slots=True, kw_only=True)
class ResolvedFilters:
    """`collections` and `teams` are None where no condition names any; `problems` are sentences."""

    collections: list[Collection] | None = None
    teams: list[Team] | None = None
    filters: Filters = NO_FILTERS
    newest_first: bool = False
    problems: list[str] = field(default_factory=list)


def resolve_filters(*, user: User, conditions: Sequence[Condition], places: VisibleScopes) -> ResolvedFilters:
    """Read the conditions; at most one statement, for all that name people."""
    narrowing = ResolvedFilters()
    people = _people(user, [condition.value for condition in conditions if condition.key == "by"])
    for condition in conditions:
        if problem := _read(narrowing, condition, people, places):
            narrowing.problems.append(problem)
    return narrowing


def _people(user: User, names: Sequence[str]) -> dict[str, list[int]]:
    """Return whom each name means. Only who uploaded something that one may see can be asked for: nothing else is told
    of anybody."""
    others = {name for name in names if name.lower() != "me"}
    found = _uploaders_called(user, others) if others else []
    return {name: [pk for pk, email in found if _means(name, email)] for name in others} | {"me": [user.pk]}


def _uploaders_called(user: User, names: Iterable[str]) -> list[tuple[int, str]]:
    named = Q()
    for name in names:
        named |= Q(email__iexact=name) | Q(email__istartswith=f"{name}@")
    seen = User.objects.filter(pk__in=Image.objects.visible_to(user).values("uploader"))
    return list(seen.filter(named).values_list("pk", "email")[:_MOST_PEOPLE])


def _means(name: str, email: str) -> bool:
    return email.lower() == name.lower() or email.lower().startswith(f"{name.lower()}@")


def _read(
    narrowing: ResolvedFilters, condition: Condition, people: Mapping[str, list[int]], places: VisibleScopes
) -> str:
    """Add one condition; return why that is impossible, or nothing."""
    key, value = condition.key, condition.value
    if key in ("in", "team"):
        return _read_place(narrowing, key, value, places)
    if key == "by":
        return _read_person(narrowing, value, people)
    if key in _DATE_FIELDS:
        return _read_date(narrowing, key, value)
    if key == "sort":
        narrowing.newest_first = value.lower() == "date"
        return "" if value.lower() in ("date", "match") else _("“sort:” is followed by “date” or “match”.")
    return _read_property(narrowing, condition)


def _read_place(narrowing: ResolvedFilters, key: str, value: str, places: VisibleScopes) -> str:
    wanted = value.casefold()
    if key == "in":
        collections = [each for each in places.collections if each.name.casefold() == wanted]
        if collections:
            narrowing.collections = [*(narrowing.collections or []), *collections]
        return "" if collections else _("There is no collection “%(name)s” that you may see.") % {"name": value}
    teams = [each for each in places.teams if each.name.casefold() == wanted]
    if teams:
        narrowing.teams = [*(narrowing.teams or []), *teams]
    return "" if teams else _("You are in no team “%(name)s”.") % {"name": value}


def _read_person(narrowing: ResolvedFilters, value: str, people: Mapping[str, list[int]]) -> str:
    found = people["me" if value.lower() == "me" else value]
    if not found:
        return _("There are no pictures by “%(name)s” that you may see.") % {"name": value}
    _set(narrowing, uploader_ids=(*narrowing.filters.uploader_ids, *found))
    return ""


def _read_date(narrowing: ResolvedFilters, key: str, value: str) -> str:
    """A year, a month or a day: its first moment, in the site's time zone."""
    match = _DATE.fullmatch(value)
    try:
        year, month, day = (int(part or 1) for part in match.groups()) if match else (0, 0, 0)
        moment = timezone.make_aware(datetime(year, month, day))
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        return _("“%(value)s” is no date. Write 2025, 2025-06 or 2025-06-30.") % {"value": value}
    name = _DATE_FIELDS[key]
    narrower = min if name.endswith("before") else max
    known = getattr(narrowing.filters, name)
    _set(narrowing, **{name: seconds if known is None else narrower(seconds, known)})
    return ""


def _read_property(narrowing: ResolvedFilters, condition: Condition) -> str:
    filters, value = narrowing.filters, condition.value
    if condition.key == "tag":
        name = "without_tags" if condition.is_negative else "tags"
        _set(narrowing, **{name: (*getattr(filters, name), value)})
    elif condition.key == "is":
        if value.lower() not in SHAPES:
            return _("“is:” is followed by “portrait”, “landscape” or “square”.")
        _set(narrowing, shapes=(*filters.shapes, value.lower()))
    elif condition.key == "format":
        if value.lower() not in _FORMATS:
            return _("“%(name)s” is no format of pictures here.") % {"name": value}
        _set(narrowing, formats=(*filters.formats, _FORMATS[value.lower()]))
    else:
        pixels = _PIXELS.fullmatch(value)
        if not pixels:
            return _("After “min:” comes a number of pixels, such as 2000px.")
        _set(narrowing, min_edge_px=max(filters.min_edge_px, int(pixels[1])))
    return ""


def _set(narrowing: ResolvedFilters, **values: object) -> None:
    narrowing.filters = replace(narrowing.filters, **values)  # type: ignore[arg-type]
