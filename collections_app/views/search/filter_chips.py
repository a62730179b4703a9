"""The filters above the results. Each kind is a chip that opens a small menu of links and a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.filters import SHAPES
from collections_app.services.search.query import MAX_ITEMS, Query
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.search_urls import get_search_url

# The filters of each chip, and its label.
_KINDS: Mapping[str, tuple[str, Sequence[str]]] = {
    "collection": (gettext_noop("Collection"), ("in", "team")),
    "date": (gettext_noop("Date"), ("date", "after", "before", "added-after", "added-before")),
    "shape": (gettext_noop("Shape"), ("is", "min")),
    "person": (gettext_noop("Person"), ("by",)),
    "format": (gettext_noop("Format"), ("format",)),
    "tag": (gettext_noop("Tag"), ("tag",)),
}
# The formats that people have most often; `format:` finds more.
_FORMATS = ("JPEG", "PNG", "WebP", "GIF", "AVIF", "HEIC", "TIFF", "RAW")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A link of a chip's menu."""

    text: str
    url: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChip:
    """`value` describes the active filters, `remove` is the address without them; both are "" if there are none.

    The form of the menu sends `text`, which is the query without these filters, and `place` with its own fields.
    `fields` contains their current values.
    """

    kind: str
    label: str
    value: str
    remove: str
    text: str
    place: Mapping[str, str]
    choices: Sequence[Choice] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


def build_filter_chips(search: SearchRequest) -> list[FilterChip]:
    return [_build_chip(search, kind) for kind in _KINDS]


def _build_chip(search: SearchRequest, kind: str) -> FilterChip:
    label, keys = _KINDS[kind]
    active = [each for each in search.query.filters if each.key in keys and _is_of_kind(each)]
    rest = Query(tuple(item for item in search.query.items[:MAX_ITEMS] if item not in active))
    place = {} if kind == "collection" else search.place
    values = [*(_describe(each) for each in active), *(_list_places(search) if kind == "collection" else ())]
    return FilterChip(
        kind=kind,
        label=_(label),
        value=", ".join(values),
        remove=get_search_url(search, rest, place=place) if values else "",
        text=str(rest),
        place=place,
        choices=[_build_choice(search, each, text) for each, text in _list_choices(kind)],
        fields={each.key.replace("-", "_"): each.value for each in active if not each.is_negative},
    )


def _is_of_kind(term: FilterTerm) -> bool:
    """`is:` also has values that are not shapes."""
    return term.key != "is" or term.value.lower() in SHAPES


def _describe(term: FilterTerm) -> str:
    formats = {
        "after": _("from %(value)s"),
        "before": _("before %(value)s"),
        "added-after": _("added from %(value)s"),
        "added-before": _("added before %(value)s"),
        "min": _("at least %(value)s"),
    }
    value = _name_shape(term.value) if term.key == "is" else term.value
    described = formats.get(term.key, "%(value)s") % {"value": value}
    return _("not %(value)s") % {"value": described} if term.is_negative else described


def _name_shape(value: str) -> str:
    names = {"portrait": _("Portrait"), "landscape": _("Landscape"), "square": _("Square")}
    return names.get(value.lower(), value)


def _list_places(search: SearchRequest) -> list[str]:
    """Return the names of the collection and the team of the address."""
    return [str(place.name) for place in (search.collection, search.team) if place]


def _list_choices(kind: str) -> list[tuple[FilterTerm, str]]:
    if kind == "shape":
        return [(FilterTerm(key="is", value=value), _name_shape(value)) for value in SHAPES]
    if kind == "format":
        return [(FilterTerm(key="format", value=name.lower()), name) for name in _FORMATS]
    if kind == "person":
        return [(FilterTerm(key="by", value="me"), pgettext("added by", "Me"))]
    if kind == "date":
        year = timezone.localdate().year
        return [(FilterTerm(key="date", value=str(each)), str(each)) for each in range(year, year - 3, -1)]
    return []


def _build_choice(search: SearchRequest, term: FilterTerm, text: str) -> Choice:
    """The link replaces the filters of its key. If the query has the filter already, the link removes it."""
    items = search.query.items[:MAX_ITEMS]
    is_active = term in items
    others = Query(tuple(each for each in items if not (isinstance(each, FilterTerm) and each.key == term.key)))
    return Choice(text=text, url=get_search_url(search, others if is_active else others.add(term)), is_active=is_active)
