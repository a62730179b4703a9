"""The filters of a query, resolved to the values and places that one person may use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from collections_app.index import Condition, Not
from collections_app.models import Collection, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.models.names import fold_name
from collections_app.services.search.filter_terms import FilterContext, FilterTerm, InvalidFilter
from collections_app.services.search.filters import FILTER_KEYS, FILTERS
from collections_app.services.search.problems import Problem, add_suggestion, find_close_name, suggest_value
from collections_app.services.search.scope import VisibleScopes


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFilters:
    """The filters of a query for one user. `problems` are about filters that cannot be used.

    `collections` and `teams` are None if no filter names any. `values` maps each key to its parsed values, `excluded`
    does the same for filters with a minus.
    """

    collections: list[Collection] | None = None
    teams: list[Team] | None = None
    is_newest_first: bool = False
    values: Mapping[str, list[Any]] = field(default_factory=dict)
    excluded: Mapping[str, list[Any]] = field(default_factory=dict)
    problems: Sequence[Problem] = ()

    @property
    def conditions(self) -> list[Condition]:
        """The same filters for the index."""
        wanted = [each for key, values in self.values.items() for each in FILTERS[key].build_conditions(values)]
        unwanted = [(FILTERS[key], value) for key, values in self.excluded.items() for value in values]
        return [*wanted, *(Not(each) for filter_, value in unwanted for each in filter_.build_conditions([value]))]

    def apply(self, images: ImageQuerySet, *, limit: int) -> ImageQuerySet:
        """Return the first images that meet the filters, in the order of the query set."""
        condition = Q()
        for key, values in self.values.items():
            condition &= FILTERS[key].build_q(values)
        for key, values in self.excluded.items():
            for value in values:
                condition &= ~FILTERS[key].build_q([value])
        found = images.filter(condition)
        wanted, unwanted = (_fold(values.get("tag", [])) for values in (self.values, self.excluded))
        if not wanted and not unwanted:
            return found[:limit]
        folded = ((pk, _fold(tags)) for pk, tags in found.values_list("pk", "tags").iterator())
        ids = (pk for pk, tags in folded if wanted <= tags and not unwanted & tags)
        return found.filter(pk__in=list(islice(ids, limit)))


def resolve_filters(*, user: User, terms: Sequence[FilterTerm], scopes: VisibleScopes) -> ResolvedFilters:
    """Read the filters of a query. All `by:` filters share one statement."""
    context = FilterContext(user, terms)
    values: dict[str, list[Any]] = {}
    excluded: dict[str, list[Any]] = {}
    named: dict[str, list[Any]] = {}
    is_newest_first = False
    problems: list[Problem] = []
    for term in terms:
        if not term.value or term.key not in FILTER_KEYS:
            continue  # the query already has a problem for it
        try:
            if term.key in FILTERS:
                parsed = FILTERS[term.key].parse(term.value, context)
                (excluded if term.is_negative else values).setdefault(term.key, []).append(parsed)
            elif term.key == "sort":
                is_newest_first = _parse_order(term)
            else:
                # If no name is found, the list stays empty and nothing is searched.
                named.setdefault(term.key, []).extend(_find_by_name(term, scopes))
        except InvalidFilter as error:
            suggestion = find_close_name(term.value, error.known)
            sentence = add_suggestion(str(error), suggestion)
            problems.append(Problem(sentence=sentence, part=term, replacement=suggest_value(term, suggestion)))
    return ResolvedFilters(
        collections=named.get("in"),
        teams=named.get("team"),
        is_newest_first=is_newest_first,
        values=values,
        excluded=excluded,
        problems=problems,
    )


def _parse_order(term: FilterTerm) -> bool:
    """Return whether `sort:` asks for the newest pictures first."""
    if term.value.casefold() not in ("date", "match"):
        raise InvalidFilter(_("Use “date” or “match” after “sort:”."), known=("date", "match"))
    return term.value.casefold() == "date"


def _find_by_name(term: FilterTerm, scopes: VisibleScopes) -> Sequence[Collection | Team]:
    """Return the collections of `in:` or the teams of `team:`. Raises InvalidFilter if there are none."""
    places: Sequence[Collection | Team] = scopes.collections if term.key == "in" else scopes.teams
    wanted = fold_name(term.value)
    found = [each for each in places if fold_name(each.name) == wanted]
    if not found:
        sentence = (
            _("No collection named “%(name)s” found.")
            if term.key == "in"
            else _("You aren't in a team named “%(name)s”.")
        )
        raise InvalidFilter(sentence % {"name": term.value}, known=[each.name for each in places])
    return found


def _fold(tags: Sequence[object]) -> set[str]:
    return {str(tag).casefold() for tag in tags}
