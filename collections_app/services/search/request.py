"""A search request of one person: the query, its filters and examples, and the scope."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.http import QueryDict
from django.utils.translation import gettext as _

from collections_app.models import Collection, Example, Image, Team, User
from collections_app.models.names import clean_name
from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.filters import FILTER_KEYS
from collections_app.services.search.problems import (
    SCOPE_PARAMETERS,
    Problem,
    find_parameter_problems,
    reject_problems,
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
from collections_app.services.search.resolved_filters import ResolvedFilters, resolve_filters
from collections_app.services.search.scope import (
    Scope,
    VisibleScopes,
    limit_scope_to_collections,
    resolve_visible_scope,
)

_MAX_ID_DIGITS = 18
_EXAMPLE_TOKEN = re.compile(r"x[0-9a-f]{16}")
_TeamOrCollection = TypeVar("_TeamOrCollection", Collection, Team)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A query and its scope. A request with `problems` finds nothing, because its scope is empty.

    `examples` maps the names of the query's examples to those that the user may use. `scope` is a part of
    `visible_scope`, which is everything that the user may see. `place` contains `collection` and `team` as sent.
    `matches_names`: words also find titles, tags and the names of files and collections.
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
    matches_names: bool = True

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
    def typed_text(self) -> str:
        """The text without its examples, which a search box shows as pictures."""
        if not self.shown_examples:
            return self.text
        return str(Query(tuple(item for item in self.query.items if item not in self.shown_examples)))

    @property
    def shown_examples(self) -> list[Term]:
        """The examples to show as pictures: none if the text cannot be read as a whole."""
        if any(problem.part is None for problem in self.query.problems):
            return []
        return [term for term in self.query.terms if term.is_example and term.value]

    @property
    def wanted_text(self) -> str:
        """The words to search for, without those that are excluded."""
        return " ".join(term.value for term in self.query.terms if not term.is_example and term.weight > 0)


def require_understood(request: SearchRequest) -> None:
    """Raises SearchNotUnderstood if the request has problems. Call this before acting on results."""
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
    """Return the filters and examples that have their own parameters, each as a part of the query."""

    def list_values(name: str) -> list[str]:
        sent = parameters.getlist(name) if isinstance(parameters, QueryDict) else [parameters.get(name, "")]
        return [clean_name(value) for value in sent if value]

    keys = [key for key in FILTER_KEYS if key not in SCOPE_PARAMETERS]
    filters = [FilterTerm(key=key, value=value) for key in keys for value in list_values(key)]
    return [*filters, *map(_read_example, list_values("like"))]


def _read_example(value: str) -> Term:
    """Read the name of an example, or a whole term with its weight, such as `-0.3:like:123`."""
    terms = parse_query(value).terms
    is_term = len(terms) == 1 and terms[0].is_example
    return terms[0] if is_term else Term(value=value, is_example=True)


def build_collection_request(*, collections: Sequence[Collection], parameters: Mapping[str, str]) -> SearchRequest:
    """Return the search of a public link: words with weights and exclusions, without filters.

    It finds no names, because the pages of a link do not show file names and tags.
    """
    scope = limit_scope_to_collections(collections)
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
    return SearchRequest(
        text=text, query=words, problems=problems, scope=limited, visible_scope=scope, matches_names=False
    )


def build_similar_request(*, user: User, image: Image) -> SearchRequest:
    """Return the search for what resembles a picture, among everything that the user may see."""
    scope = resolve_visible_scope(user)
    query = Query((make_example_term(image.pk),))
    return SearchRequest(
        text=str(query), query=query, examples={str(image.pk): image}, scope=scope, visible_scope=scope
    )


def _read_bare_word(item: Item, text: str) -> Item:
    """Return the words "portrait", "landscape" and "square" as words: a public link has no filters."""
    is_bare = isinstance(item, FilterTerm) and item.key == "is" and "is:" not in text.lower()
    return Term(value=item.value) if is_bare else item


def _restrict_scope(
    user: User, filters: ResolvedFilters, collection: Collection | None, team: Team | None
) -> Scope | None:
    """Return the scope of the places in the query and in the form, or None if neither names any."""
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
