"""A search as one person asks for it: the query, the filters and examples it names, and where it may look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.index import Condition, Not
from collections_app.models import Collection, Example, Image, Membership, Share, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.services.search.filters import FILTERS, FilterContext, FilterTerm, InvalidFilter
from collections_app.services.search.query import (
    MAX_QUERY_LENGTH,
    Query,
    Term,
    clean_query,
    make_example_term,
    parse_query,
)

SORT_FIELD = forms.ChoiceField(
    required=False,
    label=gettext_lazy("Sort by"),
    choices=[("", gettext_lazy("Best match")), ("date", gettext_lazy("Newest first"))],
)
_MAX_ID_DIGITS = 18
_TeamOrCollection = TypeVar("_TeamOrCollection", Collection, Team)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a search covers. `images` is the authority; the index searches these teams and single collections.

    `collections` maps the ids of collections to those of their teams.
    """

    images: ImageQuerySet
    team_ids: Sequence[int] = ()
    collections: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.team_ids and not self.collections

    @property
    def all_team_ids(self) -> list[int]:
        """The teams whose partitions a search reads."""
        return sorted({*self.team_ids, *self.collections.values()})


class VisibleScopes:
    """The teams and collections that a user may see. Each list is read when it is first needed."""

    def __init__(self, user: User) -> None:
        self._user = user

    @cached_property
    def teams(self) -> list[Team]:
        return list(Team.objects.visible_to(self._user))

    @cached_property
    def collections(self) -> list[Collection]:
        return list(Collection.objects.visible_to(self._user).select_related("team"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFilters:
    """The filters of a query as they apply to one user. `problems` are messages about those that were left out.

    `collections` and `teams` are None where no filter names any. `values` holds for each key what its filter parsed,
    `excluded` the same for filters with a minus.
    """

    collections: list[Collection] | None = None
    teams: list[Team] | None = None
    is_newest_first: bool = False
    values: Mapping[str, list[Any]] = field(default_factory=dict)
    excluded: Mapping[str, list[Any]] = field(default_factory=dict)
    problems: Sequence[str] = ()

    @property
    def conditions(self) -> list[Condition]:
        """The same filters for the index."""
        wanted = [each for key, values in self.values.items() for each in FILTERS[key].build_conditions(values)]
        unwanted = [(FILTERS[key], value) for key, values in self.excluded.items() for value in values]
        return [*wanted, *(Not(each) for filter_, value in unwanted for each in filter_.build_conditions([value]))]

    def apply(self, images: ImageQuerySet, *, limit: int) -> ImageQuerySet:
        """Return the first images that meet the same filters as `conditions`, in the order of the query set."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to search for and where. `is_scope_missing`: the user named a team or collection that they cannot see.

    `examples` holds those of the query's examples that the user may use, by their names. `problems` are messages.
    `scope` lies within `visible_scope`, which is everything that the user may see.
    """

    text: str
    query: Query
    examples: Mapping[str, Image | Example] = field(default_factory=dict)
    filters: ResolvedFilters = field(default_factory=ResolvedFilters)
    problems: Sequence[str] = ()
    scope: Scope
    visible_scope: Scope
    scopes: VisibleScopes | None = None
    team: Team | None = None
    collection: Collection | None = None
    is_scope_missing: bool = False

    @property
    def terms(self) -> list[Term]:
        """The terms that can be searched for."""
        return [term for term in self.query.terms if not term.is_example or term.value in self.examples]

    @property
    def is_restricted(self) -> bool:
        """Whether filters, a team or a collection leave out some of what the user may see."""
        return self.scope is not self.visible_scope or bool(self.filters.values or self.filters.excluded)

    @property
    def is_graded(self) -> bool:
        """Whether pictures match by degrees: they resemble an example, or do not resemble something."""
        return bool(self.examples) or any(term.weight < 0 for term in self.query.terms)

    @property
    def wanted_text(self) -> str:
        """The words to search for, without those that are excluded."""
        return " ".join(term.value for term in self.query.terms if not term.is_example and term.weight > 0)


def parse_search_request(*, user: User, parameters: Mapping[str, str]) -> SearchRequest:
    """Read `q`, and `collection` or else `team`, which restrict the search. The number of statements is bounded."""
    sent = parameters.get("q", "")
    text = clean_query(sent)
    query = parse_query(text)
    scopes = VisibleScopes(user)
    named = {name: parameters.get(name, "") for name in ("collection", "team")}
    collection = _find_by_id(scopes.collections, named["collection"]) if named["collection"] else None
    team = _find_by_id(scopes.teams, named["team"]) if named["team"] and not collection else None
    filters = resolve_filters(user=user, terms=query.filters, scopes=scopes)
    examples = _find_examples(user, query.terms)
    visible_scope = resolve_visible_scope(user)
    problems = [*_describe_cut(sent, text), *query.problems, *filters.problems]
    return SearchRequest(
        text=text,
        query=query,
        examples=examples,
        filters=filters,
        problems=[*problems, *_describe_missing_examples(query.terms, examples)],
        scope=_restrict_scope(user, filters, collection, team) or visible_scope,
        visible_scope=visible_scope,
        scopes=scopes,
        team=team,
        collection=collection,
        is_scope_missing=any(named.values()) and not (collection or team),
    )


def build_collection_request(*, collection: Collection, text: str) -> SearchRequest:
    """Return the search of a public link: plain words, in one collection, without filters."""
    scope = limit_scope_to_collections([collection])
    words = clean_query(text)
    return SearchRequest(text=words, query=Query((Term(value=words),)), scope=scope, visible_scope=scope)


def build_similar_request(*, user: User, image: Image) -> SearchRequest:
    """Return the search for what resembles a picture, among everything that the user may see."""
    scope = resolve_visible_scope(user)
    query = Query((make_example_term(image.pk),))
    return SearchRequest(
        text=str(query), query=query, examples={str(image.pk): image}, scope=scope, visible_scope=scope
    )


def resolve_visible_scope(user: User) -> Scope:
    """Return everything that the user may see: their teams, and what is shared with them beside these."""
    own = list(Membership.objects.team_ids_of(user).values_list("team", flat=True))
    shared = Share.objects.granting_access_to(user).filter(collection__trashed_at=None)
    places = dict(shared.values_list("collection", "collection__team"))
    return Scope(
        images=Image.objects.visible_to(user),
        team_ids=own,
        collections={collection: team for collection, team in places.items() if team not in own},
    )


def limit_scope_to_collections(collections: Sequence[Collection]) -> Scope:
    """The caller makes sure that the user may see the collections."""
    images = Image.objects.not_trashed().filter(collection__in=collections)
    return Scope(images=images, collections={each.pk: each.team_id for each in collections})


def resolve_filters(*, user: User, terms: Sequence[FilterTerm], scopes: VisibleScopes) -> ResolvedFilters:
    """Read the filters of a query. All filters by person take one statement together."""
    context = FilterContext(user, terms)
    values: dict[str, list[Any]] = {}
    excluded: dict[str, list[Any]] = {}
    named: dict[str, list[Any]] = {}
    is_newest_first = False
    problems: list[str] = []
    for term in terms:
        try:
            if term.key in FILTERS:
                parsed = FILTERS[term.key].parse(term.value, context)
                (excluded if term.is_negative else values).setdefault(term.key, []).append(parsed)
            elif term.key == "sort":
                is_newest_first = _parse_order(term)
            else:
                # A name that is not found leaves an empty list: nothing is searched.
                named.setdefault(term.key, []).extend(_find_by_name(term, scopes))
        except InvalidFilter as error:
            problems.append(str(error))
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
        raise InvalidFilter(_("Use “date” or “match” after “sort:”."))
    return term.value.casefold() == "date"


def _find_by_name(term: FilterTerm, scopes: VisibleScopes) -> Sequence[Collection | Team]:
    """Return what `in:` or `team:` names."""
    wanted = term.value.casefold()
    if term.key == "in":
        collections = [each for each in scopes.collections if each.name.casefold() == wanted]
        if not collections:
            raise InvalidFilter(_("No collection named “%(name)s” found.") % {"name": term.value})
        return collections
    teams = [each for each in scopes.teams if each.name.casefold() == wanted]
    if not teams:
        raise InvalidFilter(_("You aren't in a team named “%(name)s”.") % {"name": term.value})
    return teams


def _restrict_scope(
    user: User, filters: ResolvedFilters, collection: Collection | None, team: Team | None
) -> Scope | None:
    """Combine the places of the query with the one of the form; None where neither names any."""
    collections = filters.collections if collection is None else [collection]
    teams = filters.teams if team is None else [team]
    if collections is not None:
        team_ids = {each.pk for each in teams} if teams is not None else None
        return limit_scope_to_collections(
            [each for each in collections if team_ids is None or each.team_id in team_ids]
        )
    if teams is None:
        return None
    images = Image.objects.visible_to(user).filter(collection__team__in=teams)
    return Scope(images=images, team_ids=[each.pk for each in teams])


def _find_by_id(places: Sequence[_TeamOrCollection], sent: str) -> _TeamOrCollection | None:
    return next((each for each in places if str(each.pk) == sent), None)


def _find_examples(user: User, terms: Sequence[Term]) -> dict[str, Image | Example]:
    names = {term.value for term in terms if term.is_example}
    ids = {int(name) for name in names if name.isdecimal() and len(name) <= _MAX_ID_DIGITS}
    images = Image.objects.visible_to(user).with_collection().in_bulk(ids) if ids else {}
    tokens = names - {str(image_id) for image_id in ids}
    stored = Example.objects.unexpired_of(user).filter(token__in=tokens) if tokens else ()
    return {**{str(pk): image for pk, image in images.items()}, **{each.token: each for each in stored}}


def _describe_cut(sent: str, text: str) -> list[str]:
    if len(text) < MAX_QUERY_LENGTH or len(" ".join(sent.split())) <= MAX_QUERY_LENGTH:
        return []
    return [_("A search has at most %(count)s characters. The rest was ignored.") % {"count": MAX_QUERY_LENGTH}]


def _describe_missing_examples(terms: Sequence[Term], examples: Mapping[str, object]) -> list[str]:
    missing = [term.value for term in terms if term.is_example and term.value not in examples]
    return [
        _("Picture %(number)s doesn't exist, or you can't see it.") % {"number": name}
        if name.isdecimal()
        else _("An example picture has expired. Examples are kept for less than an hour. Add it again.")
        for name in missing
    ]


def _fold(tags: Sequence[object]) -> set[str]:
    return {str(tag).casefold() for tag in tags}
