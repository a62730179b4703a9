"""What a person asks of the search, read from an address or a form. `answers` answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext as _

from collections_app.index import NO_FILTERS, Filters
from collections_app.models import Collection, Example, Image, Team, User
from collections_app.services.search.filters import ResolvedFilters, VisibleScopes, resolve_filters
from collections_app.services.search.query import Part, Query, parse_query
from collections_app.services.search.retrieval import (
    MAX_QUERY_LENGTH,
    Scope,
    all_of_collections,
    clean_query,
    everything_visible_to,
    visible_in_teams,
)

_Item = TypeVar("_Item", Collection, Team)
_MAX_ID_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What is asked, and where: `is_lost` where the chosen place is not there for this person.

    `examples` holds what the query's examples name, as far as the person may use it; `problems` are sentences.
    `scope` lies within `everywhere`, which is all that the person may see.
    """

    text: str
    query: Query
    examples: dict[str, Image | Example]
    problems: list[str]
    scope: Scope
    everywhere: Scope
    filters: Filters
    newest_first: bool
    places: VisibleScopes
    team: Team | None
    collection: Collection | None
    is_lost: bool

    @property
    def usable_parts(self) -> list[Part]:
        return [part for part in self.query.parts if not part.is_example or part.value in self.examples]

    @property
    def is_narrowed(self) -> bool:
        return self.scope is not self.everywhere or self.filters != NO_FILTERS

    @property
    def is_graded(self) -> bool:
        """Whether what is asked is near to pictures by degrees: like an example, or unlike something."""
        return bool(self.examples) or any(part.weight < 0 for part in self.query.parts)

    @property
    def wanted_words(self) -> str:
        """The words that are looked for, without those that are not wanted."""
        return " ".join(part.value for part in self.query.parts if not part.is_example and part.weight > 0)


def parse_search_request(*, user: User, asked: Mapping[str, str]) -> SearchRequest:
    """Read `q`, and `collection`, else `team`, which narrow the search; the statements do not grow with either.

    What only the page around an answer shows is not asked for yet: the search is to begin soon."""
    sent = asked.get("q", "")
    text = clean_query(sent)
    query = parse_query(text)
    places = VisibleScopes(user)
    wanted = {name: asked.get(name, "") for name in ("collection", "team")}
    collection = _chosen(places.collections, wanted["collection"]) if wanted["collection"] else None
    team = _chosen(places.teams, wanted["team"]) if wanted["team"] and not collection else None
    narrowing = resolve_filters(user=user, conditions=query.conditions, places=places)
    examples = _examples(user, query.parts)
    everywhere = everything_visible_to(user)
    return SearchRequest(
        text=text,
        query=query,
        examples=examples,
        problems=[*_cut(sent, text), *query.problems, *narrowing.problems, *_lost_examples(query.parts, examples)],
        scope=_narrowed(user, narrowing, collection, team) or everywhere,
        everywhere=everywhere,
        filters=narrowing.filters,
        newest_first=narrowing.newest_first,
        places=places,
        team=team,
        collection=collection,
        is_lost=any(wanted.values()) and not (collection or team),
    )


def _examples(user: User, parts: Sequence[Part]) -> dict[str, Image | Example]:
    names = {part.value for part in parts if part.is_example}
    ids = {int(name) for name in names if name.isdecimal() and len(name) <= _MAX_ID_DIGITS}
    images = Image.objects.visible_to(user).with_collection().in_bulk(ids) if ids else {}
    tokens = names - {str(an_id) for an_id in ids}
    kept = {each.token: each for each in Example.objects.usable_by(user).filter(token__in=tokens)} if tokens else {}
    return {**{str(pk): image for pk, image in images.items()}, **kept}


def _cut(sent: str, text: str) -> list[str]:
    if len(text) < MAX_QUERY_LENGTH or len(" ".join(sent.split())) <= MAX_QUERY_LENGTH:
        return []
    return [_("A search has at most %(count)s characters: what follows was left out.") % {"count": MAX_QUERY_LENGTH}]


def _lost_examples(parts: Sequence[Part], examples: Mapping[str, object]) -> list[str]:
    lost = [part.value for part in parts if part.is_example and part.value not in examples]
    return [
        _("Picture %(number)s is not there, or you may not see it.") % {"number": name}
        if name.isdecimal()
        else _("An example picture is gone: it is kept for less than an hour, and for you alone. Choose it again.")
        for name in lost
    ]


def _narrowed(user: User, narrowing: ResolvedFilters, collection: Collection | None, team: Team | None) -> Scope | None:
    """What the query says of places counts beside what was chosen in the form; None where neither says anything."""
    collections = narrowing.collections if collection is None else [collection]
    teams = narrowing.teams if team is None else [team]
    if collections is not None:
        within = {each.pk for each in teams} if teams is not None else None
        return all_of_collections([each for each in collections if within is None or each.team_id in within])
    return None if teams is None else visible_in_teams(user, teams)


def _chosen(items: Sequence[_Item], asked: str) -> _Item | None:
    return next((each for each in items if str(each.pk) == asked), None)
