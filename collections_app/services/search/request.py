"""A search as one person asks for it: the query, the filters and examples it names, and where it may look."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.index import Condition, Not
from collections_app.models import Collection, Example, Image, Membership, Share, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.models.names import clean_name, fold_name
from collections_app.services.search.filters import FILTER_KEYS, FILTERS, FilterContext, FilterTerm, InvalidFilter
from collections_app.services.search.problems import (
    SCOPE_PARAMETERS,
    Problem,
    add_suggestion,
    find_close_name,
    find_parameter_problems,
    reject_problems,
    suggest_value,
)
from collections_app.services.search.query import (
    MAX_ITEMS,
    MAX_QUERY_LENGTH,
    Item,
    Query,
    Term,
    clean_query,
    extend_query_text,
    is_query_too_long,
    make_example_term,
    parse_query,
)

SORT_FIELD = forms.ChoiceField(
    required=False,
    label=gettext_lazy("Sort by"),
    choices=[("", gettext_lazy("Best match")), ("date", gettext_lazy("Newest first"))],
)
_MAX_ID_DIGITS = 18
_EXAMPLE_TOKEN = re.compile(r"x[0-9a-f]{16}")
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
    """The filters of a query as they apply to one user. `problems` are about those that cannot be used.

    `collections` and `teams` are None where no filter names any. `values` holds for each key what its filter parsed,
    `excluded` the same for filters with a minus.
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
    """What to search for and where. A search with `problems` finds nothing: its scope is empty.

    `examples` holds those of the query's examples that the user may use, by their names. `scope` lies within
    `visible_scope`, which is everything that the user may see. `place` holds `collection` and `team` as they were sent.
    """

    text: str
    query: Query
    examples: Mapping[str, Image | Example] = field(default_factory=dict)
    filters: ResolvedFilters = field(default_factory=ResolvedFilters)
    problems: Sequence[Problem] = ()
    scope: Scope
    visible_scope: Scope
    scopes: VisibleScopes | None = None
    team: Team | None = None
    collection: Collection | None = None
    place: Mapping[str, str] = field(default_factory=dict)

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


def require_understood(request: SearchRequest) -> None:
    """Raises SearchNotUnderstood if any part of the search cannot be understood. Call it before acting on results."""
    reject_problems(request.problems)


def parse_search_request(*, user: User, parameters: Mapping[str, str]) -> SearchRequest:
    """Read `q`, the fields of the filter form, and `collection` and `team`, which restrict the search.

    The number of statements is bounded.
    """
    items = read_form_items(parameters)
    sent = extend_query_text(parameters.get("q", ""), items) if items else parameters.get("q", "")
    text = clean_query(sent)
    query = parse_query(text)
    scopes = VisibleScopes(user)
    place = {name: parameters[name] for name in SCOPE_PARAMETERS if parameters.get(name)}
    collection = _find_by_id(scopes.collections, place["collection"]) if "collection" in place else None
    team = _find_by_id(scopes.teams, place["team"]) if "team" in place else None
    filters = resolve_filters(user=user, terms=query.filters[:MAX_ITEMS], scopes=scopes)
    examples = _find_examples(user, query.terms[:MAX_ITEMS])
    missing = {name for name, found in (("collection", collection), ("team", team)) if name in place and not found}
    problems = [
        *_describe_cut(sent),
        *query.problems,
        *filters.problems,
        *_describe_missing_examples(query.terms, examples),
        *_describe_missing_places(sorted(missing)),
        *find_parameter_problems(parameters),
    ]
    visible_scope = resolve_visible_scope(user)
    scope = _restrict_scope(user, filters, collection, team) or visible_scope
    return SearchRequest(
        text=text,
        query=query,
        examples=examples,
        filters=filters,
        problems=problems,
        scope=Scope(images=Image.objects.none()) if problems else scope,
        visible_scope=visible_scope,
        scopes=scopes,
        team=team,
        collection=collection,
        place=place,
    )


def read_form_items(parameters: Mapping[str, str]) -> list[Item]:
    """Return the filters and examples that are parameters of their own, each as a part of the query."""

    def list_values(name: str) -> list[str]:
        sent = parameters.getlist(name) if isinstance(parameters, QueryDict) else [parameters.get(name, "")]
        return [clean_name(value) for value in sent if value]

    keys = [key for key in FILTER_KEYS if key not in SCOPE_PARAMETERS]
    filters = [FilterTerm(key=key, value=value) for key in keys for value in list_values(key)]
    return [*filters, *(Term(value=value, is_example=True) for value in list_values("like"))]


def build_collection_request(*, collection: Collection, parameters: Mapping[str, str]) -> SearchRequest:
    """Return the search of a public link: words with weights and exclusions in one collection, without filters."""
    scope = limit_scope_to_collections([collection])
    text = clean_query(parameters.get("q", ""))
    parsed = parse_query(text)
    words = Query(tuple(_read_bare_word(item, text) for item in parsed.items))
    foreign = [item for item in words.items if not isinstance(item, Term) or item.is_example]
    sentence = _("“%(part)s” can't be used here. Describe the picture in words.")
    problems = [
        *_describe_cut(parameters.get("q", "")),
        *(parsed.problems or [Problem(sentence=sentence % {"part": item}, part=item) for item in foreign]),
        *find_parameter_problems(parameters),
    ]
    limited = Scope(images=Image.objects.none()) if problems else scope
    return SearchRequest(text=text, query=words, problems=problems, scope=limited, visible_scope=scope)


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
    problems: list[Problem] = []
    for term in terms:
        if not term.value or term.key not in FILTER_KEYS:
            continue  # the query has a problem already
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
    """Return what `in:` or `team:` names."""
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


def _read_bare_word(item: Item, text: str) -> Item:
    """Return the words "portrait", "landscape" and "square" as words: a public link has no filters."""
    is_bare = isinstance(item, FilterTerm) and item.key == "is" and "is:" not in text.lower()
    return Term(value=item.value) if is_bare else item


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


def _describe_cut(sent: str) -> list[Problem]:
    if not is_query_too_long(sent):
        return []
    sentence = _("A search has at most %(count)s characters. Shorten it.") % {"count": MAX_QUERY_LENGTH}
    return [Problem(sentence=sentence)]


def _describe_missing_examples(terms: Sequence[Term], examples: Mapping[str, object]) -> list[Problem]:
    missing = [term for term in terms if term.is_example and term.value and term.value not in examples]
    return [Problem(sentence=_describe_missing_example(term.value), part=term) for term in missing]


def _describe_missing_example(name: str) -> str:
    if name.isdecimal():
        return _("Picture %(number)s doesn't exist, or you can't see it.") % {"number": name}
    if _EXAMPLE_TOKEN.fullmatch(name):
        return _("An example picture has expired. Examples are kept for less than an hour. Add it again.")
    return _("Write the number of a picture after “like:”, not “%(name)s”.") % {"name": name}


def _describe_missing_places(names: Sequence[str]) -> list[Problem]:
    sentence = _("This collection or team doesn't exist, or you can't see it.")
    return [Problem(sentence=sentence, parameter=name) for name in names]


def _fold(tags: Sequence[object]) -> set[str]:
    return {str(tag).casefold() for tag in tags}
