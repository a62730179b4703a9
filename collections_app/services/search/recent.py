"""The searches a person has made lately: remembered, unless they do not want it, and forgotten."""

import logging
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from django.db import OperationalError, models, transaction
from django.db.models.functions import RowNumber
from django.http import QueryDict
from django.utils import timezone

from collections_app.models import Collection, RecentSearch, Team, User
from collections_app.models.recent_search import MAX_QUERY_LENGTH
from collections_app.models.stored_query import StoredQuery

log = logging.getLogger(__name__)

MOST = 20
# How an answer is shown, not what is asked.
SHOWN = frozenset({"page", "judge", "saved", "csrfmiddlewaretoken", "start", "behind", "cut", "all", "names"})


def query_of(asked: QueryDict) -> str:
    """Return the query string that asks the same, in one order, without what is empty; empty where nothing is asked."""
    pairs = [(name, value) for name, values in asked.lists() for value in values if value.strip()]
    return urlencode(sorted(pair for pair in pairs if pair[0] not in SHOWN))


def remember_search(*, user: User, asked: QueryDict) -> None:
    """Put it first among the user's searches. A search does not fail because it could not be remembered."""
    query = query_of(asked)
    if not user.remembers_searches or not query or len(query) > MAX_QUERY_LENGTH:
        return
    latest = RecentSearch(user=user, query=query, asked_at=timezone.now())
    try:
        RecentSearch.objects.bulk_create(
            [latest], update_conflicts=True, unique_fields=["user", "query"], update_fields=["asked_at"]
        )
    except OperationalError:  # SQLite's one writer was busy for too long
        log.warning("A search could not be remembered.", exc_info=True)


def forget_older_searches() -> None:
    """Leave everybody their last MOST ones, which is all that they are ever shown."""
    recency = models.Window(RowNumber(), partition_by="user", order_by=["-asked_at", "-pk"])
    older = RecentSearch.objects.annotate(recency=recency).filter(recency__gt=MOST)
    RecentSearch.objects.filter(pk__in=list(older.values_list("pk", flat=True))).delete()


def recent_searches(user: User) -> list[RecentSearch]:
    """Return the last ones, latest first, with the names of their places."""
    found = list(RecentSearch.objects.made_by(user)[:MOST])
    name_places(found, user)
    return found


def clear_recent_searches(*, user: User) -> None:
    RecentSearch.objects.filter(user=user).delete()


@transaction.atomic
def remember_searches(*, user: User, wanted: bool) -> None:
    """Whether searches are remembered from now on; what is not wanted any more is forgotten at once."""
    User.objects.filter(pk=user.pk).update(remembers_searches=wanted)
    if not wanted:
        clear_recent_searches(user=user)


def name_places(searches: Iterable[StoredQuery], user: User) -> None:
    """Give each search that is narrowed its `place`: only names that the user may know. At most two statements."""
    narrowed = [search for search in searches if search.asked.keys() & {"collection", "team"}]
    collections = Collection.objects.visible_to(user).in_bulk(_ids(narrowed, "collection")) if narrowed else {}
    teams = Team.objects.visible_to(user).in_bulk(_ids(narrowed, "team")) if narrowed else {}
    for search in narrowed:
        collection = collections.get(_id(search, "collection"))
        team = teams.get(_id(search, "team"))
        search.place = collection.name if collection else team.name if team else ""


def _ids(searches: Sequence[StoredQuery], name: str) -> set[int]:
    return {_id(search, name) for search in searches}


def _id(search: StoredQuery, name: str) -> int:
    """Return 0, which nothing has, for what is no id."""
    value = search.asked.get(name) or ""
    return int(value) if value.isdecimal() and len(value) < 19 else 0
