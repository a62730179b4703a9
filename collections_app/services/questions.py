"""What a person asks of the search, read from an address or a form, and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from collections_app.models import Collection, Team, User
from collections_app.services.search import (
    Scope,
    ScoredImage,
    all_of_collection,
    clean_query,
    everything_visible_to,
    search_by_text,
    visible_in_team,
)

_Item = TypeVar("_Item", Collection, Team)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and where: `is_lost` where the chosen place is not there for this person."""

    text: str
    scope: Scope
    teams: list[Team]
    collections: list[Collection]
    team: Team | None
    collection: Collection | None
    is_lost: bool


def read_question(*, user: User, asked: Mapping[str, str]) -> Question:
    """Read `q`, and `collection`, else `team`, which narrow the search; the statements do not grow with either."""
    collections = list(Collection.objects.visible_to(user).select_related("team"))
    teams = list(Team.objects.visible_to(user))
    places = {name: asked.get(name, "") for name in ("collection", "team")}
    collection = _chosen(collections, places["collection"])
    team = None if collection else _chosen(teams, places["team"])
    return Question(
        text=clean_query(asked.get("q", "")),
        scope=_scope(user, collection, team),
        teams=teams,
        collections=collections,
        team=team,
        collection=collection,
        is_lost=any(places.values()) and not (collection or team),
    )


def answer(question: Question) -> list[ScoredImage]:
    """Return the pictures that the question finds, best first; none where nothing is asked.

    Raises EncoderError or IndexUnavailable: a failure is never an empty list.
    """
    return search_by_text(scope=question.scope, text=question.text) if question.text else []


def _scope(user: User, collection: Collection | None, team: Team | None) -> Scope:
    if collection:
        return all_of_collection(collection)
    return visible_in_team(user, team) if team else everything_visible_to(user)


def _chosen(items: Sequence[_Item], asked: str) -> _Item | None:
    return next((each for each in items if str(each.pk) == asked), None)
