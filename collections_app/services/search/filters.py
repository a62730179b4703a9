"""The filters of the query language. One class defines a filter: key, values, SQL, index condition, form field."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any, Literal

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from collections_app.imaging import FORMATS_BY_WORD
from collections_app.index import AnyOf, Compares, Condition, HasTag, IsBetween, IsIn, hash_token
from collections_app.models.id_list import HasOneOfIds
from collections_app.models.wall_clock import count_wall_clock_seconds
from collections_app.services.search.filter_terms import FilterContext, InvalidFilter
from collections_app.services.search.periods import Period, UnclearPeriod, parse_period

_PIXELS = re.compile(r"(\d{1,6})(?:px)?", re.IGNORECASE)
_SPAN = ".."
_FAVOURITE = ("favourite", "favorite")
# No picture has this id.
_NO_ID = 0
_FIRST_SECOND = count_wall_clock_seconds(datetime.min)


class Filter(ABC):
    """One filter on metadata. To add one, define a class and put it into FILTERS.

    `build_q` and `build_conditions` get all values of the key in a query.
    """

    key: str
    can_be_negative = False

    @abstractmethod
    def parse(self, value: str, context: FilterContext) -> Any:
        """Read one value. Raises InvalidFilter."""

    @abstractmethod
    def build_q(self, values: Sequence[Any]) -> Q:
        """Return the condition in SQL."""

    @abstractmethod
    def build_conditions(self, values: Sequence[Any]) -> list[Condition]:
        """Return the conditions of the index, all of which must hold."""


class UploaderFilter(Filter):
    key = "by"

    def parse(self, value: str, context: FilterContext) -> list[int]:
        found = context.find_uploaders(value)
        if not found:
            sentence = _("There are no pictures by “%(name)s” that you can see.") % {"name": value}
            raise InvalidFilter(sentence, known=context.uploader_names)
        return found

    def build_q(self, values: Sequence[list[int]]) -> Q:
        return Q(uploader__in=[pk for ids in values for pk in ids])

    def build_conditions(self, values: Sequence[list[int]]) -> list[Condition]:
        return [IsIn("uploader_id", tuple(pk for ids in values for pk in ids))]


class DateFilter(Filter):
    """A bound on a time: the first moment of a year, a month or a day.

    For `taken_at` it is local time at the place, for `created_at` it is in the site's time zone.
    """

    def __init__(
        self,
        key: str,
        column: Literal["taken_at", "created_at"],
        bound: Literal["minimum", "below"],
    ) -> None:
        self.key, self._column, self._bound = key, column, bound

    def parse(self, value: str, context: FilterContext) -> int:
        start = _parse_period(value).start
        seconds = count_wall_clock_seconds(start)
        if self._column == "taken_at":
            return seconds
        ahead = timezone.make_aware(start).utcoffset() or timedelta()
        return max(_FIRST_SECOND, seconds - ahead // timedelta(seconds=1))

    def build_q(self, values: Sequence[int]) -> Q:
        lookup = "gte" if self._bound == "minimum" else "lt"
        return Q(**{f"{self._column}__{lookup}": datetime.fromtimestamp(self._get_narrowest(values), UTC)})

    def build_conditions(self, values: Sequence[int]) -> list[Condition]:
        if self._bound == "minimum":
            return [IsBetween(field=self._column, minimum=self._get_narrowest(values))]
        return [IsBetween(field=self._column, below=self._get_narrowest(values))]

    def _get_narrowest(self, values: Sequence[int]) -> int:
        return max(values) if self._bound == "minimum" else min(values)


class TakenFilter(Filter):
    """A year, a month, a day, or a span between two of them: 2024-05..2024-08. Several values are alternatives."""

    key = "date"

    def parse(self, value: str, context: FilterContext) -> tuple[int | None, int | None]:
        """Return the first second of the span and the second after its end. None: the span is open on this side."""
        if _SPAN not in value:
            period = _parse_period(value)
            return count_wall_clock_seconds(period.start), count_wall_clock_seconds(period.end)
        first, last = value.split(_SPAN, 1)
        if not first.strip() and not last.strip():
            raise InvalidFilter(_("Write a date before or after “..”, such as 2024-05..2024-08."))
        return (
            count_wall_clock_seconds(_parse_period(first).start) if first.strip() else None,
            count_wall_clock_seconds(_parse_period(last).end) if last.strip() else None,
        )

    def build_q(self, values: Sequence[tuple[int | None, int | None]]) -> Q:
        return reduce(or_, (_build_span_q(first, end) for first, end in values))

    def build_conditions(self, values: Sequence[tuple[int | None, int | None]]) -> list[Condition]:
        return [AnyOf(tuple(IsBetween(field="taken_at", minimum=first, below=end) for first, end in values))]


def _parse_period(value: str) -> Period:
    try:
        return parse_period(value)
    except UnclearPeriod as error:
        raise InvalidFilter(str(error)) from error


def _build_span_q(first: int | None, end: int | None) -> Q:
    bounds = {"gte": first, "lt": end}
    return Q(
        **{f"taken_at__{name}": datetime.fromtimestamp(each, UTC) for name, each in bounds.items() if each is not None}
    )


class StateFilter(Filter):
    """The orientation, and whether the picture is a favourite of the person. Several orientations are alternatives.

    The value of "favourite" is the ids of the person's favourites, because the index has no favourites.
    """

    key = "is"
    can_be_negative = True

    def parse(self, value: str, context: FilterContext) -> str | tuple[int, ...]:
        if value.lower() in _FAVOURITE:
            return context.favourite_ids
        if value.lower() not in SHAPES:
            sentence = _("Use “portrait”, “landscape”, “square” or “favourite” after “is:”.")
            raise InvalidFilter(sentence, known=(*SHAPES, *_FAVOURITE))
        return value.lower()

    def build_q(self, values: Sequence[str | tuple[int, ...]]) -> Q:
        shapes = [SHAPES[value][0] for value in values if isinstance(value, str)]
        favourites = [Q(HasOneOfIds(value)) for value in values if not isinstance(value, str)]
        return reduce(and_, favourites, reduce(or_, shapes, Q()))

    def build_conditions(self, values: Sequence[str | tuple[int, ...]]) -> list[Condition]:
        shapes = tuple(SHAPES[value][1] for value in values if isinstance(value, str))
        favourites = [IsIn("id", value or (_NO_ID,)) for value in values if not isinstance(value, str)]
        return [*([AnyOf(shapes)] if shapes else []), *favourites]


class SizeFilter(Filter):
    """At least one edge has this many pixels."""

    key = "min"

    def parse(self, value: str, context: FilterContext) -> int:
        pixels = _PIXELS.fullmatch(value)
        if not pixels:
            raise InvalidFilter(_("Write a number of pixels after “min:”, such as 2000px."))
        return int(pixels[1])

    def build_q(self, values: Sequence[int]) -> Q:
        return Q(width__gte=max(values)) | Q(height__gte=max(values))

    def build_conditions(self, values: Sequence[int]) -> list[Condition]:
        edges = (IsBetween(field="width", minimum=max(values)), IsBetween(field="height", minimum=max(values)))
        return [AnyOf(edges)]


class FormatFilter(Filter):
    key = "format"

    def parse(self, value: str, context: FilterContext) -> tuple[str, ...]:
        if value.lower() not in FORMATS_BY_WORD:
            sentence = _("“%(name)s” isn't a supported picture format.") % {"name": value}
            raise InvalidFilter(sentence, known=FORMATS_BY_WORD)
        return FORMATS_BY_WORD[value.lower()]

    def build_q(self, values: Sequence[tuple[str, ...]]) -> Q:
        return Q(format__in=[name for names in values for name in names])

    def build_conditions(self, values: Sequence[tuple[str, ...]]) -> list[Condition]:
        return [IsIn("format", tuple(hash_token(name) for names in values for name in names))]


class TagFilter(Filter):
    """A picture must have all the tags, and none of the tags with a minus.

    `ResolvedFilters.apply` compares tags in Python, because databases ignore case in different ways.
    """

    key = "tag"
    can_be_negative = True

    def parse(self, value: str, context: FilterContext) -> str:
        return value

    def build_q(self, values: Sequence[str]) -> Q:
        return Q()

    def build_conditions(self, values: Sequence[str]) -> list[Condition]:
        return [HasTag(value) for value in values]


# The conditions of each shape in SQL and in the index. A query may contain a shape as a word without `is:`.
SHAPES: Mapping[str, tuple[Q, Condition]] = {
    "portrait": (Q(height__gt=F("width")), Compares("width", "<", "height")),
    "landscape": (Q(width__gt=F("height")), Compares("width", ">", "height")),
    "square": (Q(width=F("height")), Compares("width", "==", "height")),
}
FILTERS: Mapping[str, Filter] = {
    each.key: each
    for each in (
        UploaderFilter(),
        StateFilter(),
        DateFilter("after", "taken_at", "minimum"),
        DateFilter("before", "taken_at", "below"),
        TakenFilter(),
        DateFilter("added-after", "created_at", "minimum"),
        DateFilter("added-before", "created_at", "below"),
        SizeFilter(),
        FormatFilter(),
        TagFilter(),
    )
}
# The last three set the scope and the order; see `resolved_filters`.
FILTER_KEYS = (*FILTERS, "in", "team", "sort")
