"""The search page: a sentence in, pictures out. A failure says so with status 503; it is never an empty result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.errors import EncoderError, IndexUnavailable
from collections_app.models import Collection, Team, User
from collections_app.models.collection import CollectionQuerySet
from collections_app.models.image import ImageQuerySet
from collections_app.services.search import (
    Scope,
    all_of_collection,
    clean_query,
    everything_visible_to,
    search_by_text,
    visible_in_team,
)
from collections_app.views.paging import requested_page

_Item = TypeVar("_Item", Collection, Team)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and where: `is_lost` where the chosen place is not there for this person."""

    text: str
    scope: Scope
    targets: CollectionQuerySet
    teams: list[Team]
    collections: list[Collection]
    team: Team | None
    collection: Collection | None
    is_lost: bool


@require_safe
@signed_in
def search(request: SignedInRequest) -> HttpResponse:
    question = read_question(request.user, request.GET)
    context: dict[str, object] = {"question": question}
    try:
        found = search_by_text(scope=question.scope, text=question.text) if question.text else _latest(question.scope)
        context["page"] = requested_page(request, found)
    except (EncoderError, IndexUnavailable) as error:
        return render(request, "search.html", {**context, "failure": str(error)}, status=503)
    return render(request, "search.html", context)


def read_question(user: User, asked_of: QueryDict) -> Question:
    """`collection`, else `team`, narrows the search; the number of statements does not grow with either."""
    collections = list(Collection.objects.visible_to(user).select_related("team"))
    teams = list(Team.objects.visible_to(user))
    asked = {name: asked_of.get(name, "") for name in ("collection", "team")}
    collection = _chosen(collections, asked["collection"])
    team = None if collection else _chosen(teams, asked["team"])
    return Question(
        text=clean_query(asked_of.get("q", "")),
        scope=_scope(user, collection, team),
        targets=Collection.objects.editable_by(user).select_related("team"),
        teams=teams,
        collections=collections,
        team=team,
        collection=collection,
        is_lost=any(asked.values()) and not (collection or team),
    )


def _scope(user: User, collection: Collection | None, team: Team | None) -> Scope:
    if collection:
        return all_of_collection(collection)
    return visible_in_team(user, team) if team else everything_visible_to(user)


def _chosen(items: Sequence[_Item], asked: str) -> _Item | None:
    return next((each for each in items if str(each.pk) == asked), None)


def _latest(scope: Scope) -> ImageQuerySet:
    return scope.images.with_collection().latest_first()
