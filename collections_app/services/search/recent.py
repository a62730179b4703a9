"""A person's recent searches: stored unless the search history is off, and cleared."""

import logging
from collections.abc import Iterable
from urllib.parse import urlencode

from django.db import OperationalError, models, transaction
from django.db.models.functions import RowNumber
from django.http import QueryDict
from django.utils import timezone

from collections_app.models import Collection, RecentSearch, Team, User
from collections_app.models.concurrent_writes import give_up_when_busy
from collections_app.models.ids import parse_id
from collections_app.models.recent_search import MAX_STORED_QUERY_LENGTH
from collections_app.models.stored_query import StoredQuery
from collections_app.services.search.problems import SCOPE_PARAMETERS

log = logging.getLogger(__name__)

MAX_RECENT = 20
# Parameters of the search page that change how results are shown, not what is searched for.
DISPLAY_PARAMETERS = frozenset(
    ("page", "offset", "after_id", "before_id", "cutoffs", "all", "titles", "rate", "saved", "csrfmiddlewaretoken")
)


def normalize_query_string(parameters: QueryDict) -> str:
    """Return the query string of the same search, sorted, without empty and display parameters; "" for no search."""
    pairs = [
        (name, value)
        for name, values in parameters.lists()
        for value in values
        if value.strip() or (value and name in SCOPE_PARAMETERS)
    ]
    return urlencode(sorted(pair for pair in pairs if pair[0] not in DISPLAY_PARAMETERS))


def remember_search(*, user: User, parameters: QueryDict) -> None:
    """Put a search first among the user's recent ones. A busy or full database does not delay the search."""
    query = normalize_query_string(parameters)
    if not user.remembers_searches or not query or len(query) > MAX_STORED_QUERY_LENGTH:
        return
    latest = RecentSearch(user=user, query=query, searched_at=timezone.now())
    try:
        with give_up_when_busy():
            RecentSearch.objects.bulk_create(
                [latest], update_conflicts=True, unique_fields=["user", "query"], update_fields=["searched_at"]
            )
    except OperationalError:
        log.warning("A search could not be remembered.", exc_info=True)


def delete_older_searches() -> None:
    """Keep the latest MAX_RECENT searches of each user, because no page shows more."""
    recency = models.Window(RowNumber(), partition_by="user", order_by=["-searched_at", "-pk"])
    older = RecentSearch.objects.annotate(recency=recency).filter(recency__gt=MAX_RECENT)
    RecentSearch.objects.filter(pk__in=list(older.values_list("pk", flat=True))).delete()


def list_recent_searches(user: User) -> list[RecentSearch]:
    """Return the user's recent searches, latest first, with the names of their collections and teams."""
    found = list(RecentSearch.objects.made_by(user)[:MAX_RECENT])
    add_scope_names(found, user)
    return found


def clear_recent_searches(*, user: User) -> None:
    RecentSearch.objects.filter(user=user).delete()


@transaction.atomic
def set_search_history(*, user: User, is_on: bool) -> None:
    """Turn the search history on or off. Turning it off clears it."""
    User.objects.filter(pk=user.pk).update(remembers_searches=is_on)
    if not is_on:
        clear_recent_searches(user=user)


def add_scope_names(searches: Iterable[StoredQuery], user: User) -> None:
    """Set `scope_name` of searches in one collection or team, if the user may see it. Takes at most two statements."""
    restricted = [search for search in searches if search.parameters.keys() & set(SCOPE_PARAMETERS)]
    collection_ids = [_parse_parameter(search, "collection") for search in restricted]
    team_ids = [_parse_parameter(search, "team") for search in restricted]
    collections = Collection.objects.visible_to(user).in_bulk(collection_ids) if restricted else {}
    teams = Team.objects.visible_to(user).in_bulk(team_ids) if restricted else {}
    for search, collection_id, team_id in zip(restricted, collection_ids, team_ids, strict=True):
        place = collections.get(collection_id) or teams.get(team_id)
        search.scope_name = place.name if place else ""


def _parse_parameter(search: StoredQuery, name: str) -> int:
    """Return the parameter's id, or 0, which is never an id, if it is missing or invalid."""
    return parse_id(search.parameters.get(name) or "") or 0
