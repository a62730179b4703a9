"""What a person asks of the search, read from an address or a form. `answers` answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext as _

from collections_app.index import Filters
from collections_app.models import Collection, Example, Image, Team, User
from collections_app.services.conditions import Narrowing, Places, narrow
from collections_app.services.query_language import Part, Query, parse_query
from collections_app.services.search import (
    Scope,
    all_of_collections,
    clean_query,
    visible_in_teams,
)

_Item = TypeVar("_Item", Collection, Team)
_MAX_ID_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and where: `is_lost` where the chosen place is not there for this person.

    `examples` holds what the query's examples name, as far as the person may use it; `problems` are sentences.
    """

    text: str
    query: Query
    examples: dict[str, Image | Example]
    problems: list[str]
    scope: Scope
    filters: Filters
    newest_first: bool
    teams: list[Team]
    collections: list[Collection]
    team: Team | None
    collection: Collection | None
    is_lost: bool

    @property
    def usable_parts(self) -> list[Part]:
        return [part for part in self.query.parts if not part.is_example or part.value in self.examples]

    @property
    def is_graded(self) -> bool:
        """Whether what is asked is near to pictures by degrees: like an example, or unlike something."""
        return bool(self.examples) or any(part.weight < 0 for part in self.query.parts)

    @property
    def wanted_words(self) -> str:
        """The words that are looked for, without those that are not wanted."""
        return " ".join(part.value for part in self.query.parts if not part.is_example and part.weight > 0)


def read_question(*, user: User, asked: Mapping[str, str]) -> Question:
    """Read `q`, and `collection`, else `team`, which narrow the search; the statements do not grow with either."""
    text = clean_query(asked.get("q", ""))
    query = parse_query(text)
    collections = list(Collection.objects.visible_to(user).with_edit_right(user).select_related("team"))
    teams = list(Team.objects.visible_to(user))
    places = {name: asked.get(name, "") for name in ("collection", "team")}
    collection = _chosen(collections, places["collection"])
    team = None if collection else _chosen(teams, places["team"])
    seen = Places(teams=teams, collections=collections)
    narrowing = narrow(user=user, conditions=query.conditions, places=seen)
    examples = _examples(user, query.parts)
    return Question(
        text=text,
        query=query,
        examples=examples,
        problems=[*query.problems, *narrowing.problems, *_lost_examples(query.parts, examples)],
        scope=_scope(user, narrowing, seen, collection, team),
        filters=narrowing.filters,
        newest_first=narrowing.newest_first,
        teams=teams,
        collections=collections,
        team=team,
        collection=collection,
        is_lost=any(places.values()) and not (collection or team),
    )


def _examples(user: User, parts: Sequence[Part]) -> dict[str, Image | Example]:
    names = {part.value for part in parts if part.is_example}
    ids = {int(name) for name in names if name.isdecimal() and len(name) <= _MAX_ID_DIGITS}
    images = Image.objects.visible_to(user).with_collection().in_bulk(ids) if ids else {}
    tokens = names - {str(an_id) for an_id in ids}
    kept = {each.token: each for each in Example.objects.usable_by(user).filter(token__in=tokens)} if tokens else {}
    return {**{str(pk): image for pk, image in images.items()}, **kept}


def _lost_examples(parts: Sequence[Part], examples: Mapping[str, object]) -> list[str]:
    lost = [part.value for part in parts if part.is_example and part.value not in examples]
    return [
        _("Picture %(number)s is not there, or you may not see it.") % {"number": name}
        if name.isdecimal()
        else _("An example picture is gone: it is kept for less than an hour, and for you alone. Choose it again.")
        for name in lost
    ]


def _scope(user: User, narrowing: Narrowing, seen: Places, collection: Collection | None, team: Team | None) -> Scope:
    """What the query says of places counts beside what was chosen in the form."""
    collections = narrowing.collections if collection is None else [collection]
    teams = narrowing.teams if team is None else [team]
    if collections is not None:
        within = {each.pk for each in teams} if teams is not None else None
        return all_of_collections([each for each in collections if within is None or each.team_id in within])
    return _everywhere(user, seen) if teams is None else visible_in_teams(user, teams)


def _everywhere(user: User, seen: Places) -> Scope:
    """As `everything_visible_to`, of what is at hand: nothing is asked once more."""
    own = [team.pk for team in seen.teams]
    shared = {each.pk: each.team_id for each in seen.collections if each.team_id not in own}
    return Scope(images=Image.objects.visible_to(user), team_ids=own, collections=shared)


def _chosen(items: Sequence[_Item], asked: str) -> _Item | None:
    return next((each for each in items if str(each.pk) == asked), None)
