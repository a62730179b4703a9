"""Finding pictures: by a sentence, or by another picture. Permission is decided in SQL, before and after the index."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from collections_app.errors import NotIndexed
from collections_app.errors import gettext_noop as _
from collections_app.index import NO_FILTERS, Filters, Hit
from collections_app.models import Collection, Image, Membership, Share, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.search.text_embeddings import embed_text

MAX_HITS = 1000
MAX_QUERY_LENGTH = 500
# Hits that the database no longer shows are dropped; so many more are asked for, to fill the page all the same.
_SPARE_HITS = 20
_THINNING = 16
_THINNEST = _THINNING**4

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a search looks: `images` decides, in SQL; the index is asked about these teams and single collections."""

    images: ImageQuerySet
    team_ids: Sequence[int] = ()
    collections: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedImage:
    """A visible picture's place in an answer; `score` as in ScoredImage."""

    id: int
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredImage:
    """A hit joined to its row; `score` is the cosine similarity, -1 to 1, or None where nothing was compared."""

    image: Image
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Hits of about one picture in `sample_every`, with as good as none of these left out."""

    hits: Sequence[Hit]
    sample_every: int


def clean_query(text: str) -> str:
    """Return what a person meant: no control characters, no broken Unicode, single blanks, a bounded length."""
    readable = text[: MAX_QUERY_LENGTH * 4].encode(errors="ignore").decode()
    printable = "".join(character if character.isprintable() else " " for character in readable)
    return " ".join(printable.split())[:MAX_QUERY_LENGTH]


def everything_visible_to(user: User) -> Scope:
    """What one's teams have, and what is shared with one beside that."""
    own = list(Membership.objects.teams_of(user).values_list("team", flat=True))
    shared = Share.objects.granting_access_to(user).filter(collection__trashed_at=None)
    places = dict(shared.values_list("collection", "collection__team"))
    return Scope(
        images=Image.objects.visible_to(user),
        team_ids=own,
        collections={collection: team for collection, team in places.items() if team not in own},
    )


def visible_in_teams(user: User, teams: Sequence[Team]) -> Scope:
    """What a member sees of some teams."""
    images = Image.objects.visible_to(user).filter(collection__team__in=teams)
    return Scope(images=images, team_ids=[team.pk for team in teams])


def all_of_collections(collections: Sequence[Collection]) -> Scope:
    """The caller has made sure that whoever asks may see the collections."""
    images = Image.objects.not_trashed().filter(collection__in=collections)
    return Scope(images=images, collections={each.pk: each.team_id for each in collections})


def search_by_text(
    *, scope: Scope, text: str, limit: int = MAX_HITS, filters: Filters = NO_FILTERS
) -> list[ScoredImage]:
    """Return the pictures of the scope that meet the filters, nearest to a sentence first.

    Raises EncoderError or IndexUnavailable: a failure is never an empty list.
    """
    return search_by_vector(scope=scope, vector=embed_text(clean_query(text)), limit=limit, filters=filters)


def search_similar(*, user: User, image: Image, limit: int) -> list[ScoredImage]:
    """Return the visible pictures nearest to a picture, without itself, best first.

    Raises NotIndexed while the picture waits for its vector, EncoderError or IndexUnavailable.
    """
    vector = get_active_index().vectors([image.pk]).get(image.pk)
    if vector is None:
        raise NotIndexed(_("Similar pictures appear here once this one is indexed."))
    found = search_by_vector(scope=everything_visible_to(user), vector=vector, limit=limit + 1)
    return [each for each in found if each.image.pk != image.pk][:limit]


def search_by_vector(*, scope: Scope, vector: Vector, limit: int, filters: Filters = NO_FILTERS) -> list[ScoredImage]:
    """Return the pictures of the scope that meet the filters, nearest to a unit vector of the active model first."""
    hits = rank_by_vector(scope=scope, vector=vector, limit=limit, filters=filters)
    return rows_of([RankedImage(id=hit.id, score=hit.score) for hit in hits], images=scope.images)


def rank_by_vector(*, scope: Scope, vector: Vector, limit: int, filters: Filters = NO_FILTERS) -> list[Hit]:
    """Return the nearest pictures that the database shows, best first, at most `limit` (1 to MAX_HITS).

    One query over everything; ask again for more where so many hits were dropped that there would be too few. What
    the filters rule out is no hit, so that few hits are all there are."""
    asked = limit + _SPARE_HITS
    while True:
        asked = min(asked, MAX_HITS)
        hits = nearest_in_index(scope=scope, vector=vector, limit=asked, filters=filters)
        found = visible_hits(hits, images=scope.images)
        if len(found) >= limit or len(hits) < asked or asked == MAX_HITS:
            return found[:limit]
        asked *= 4


def nearest_in_index(
    *, scope: Scope, vector: Vector, limit: int = MAX_HITS, filters: Filters = NO_FILTERS
) -> list[Hit]:
    """Return what the index alone holds, never to be shown as it is: `visible_hits` asks the database.

    The scope names no team or collection but visible ones; no statement is asked."""
    if not scope.team_ids and not scope.collections:
        return []
    return get_active_index().search(
        vector, team_ids=scope.team_ids, collections=scope.collections, filters=filters, limit=limit
    )


def search_ahead(*, scope: Scope, vector: Vector, filters: Filters) -> Callable[[], list[Hit]]:
    """The same, begun: what is returned waits for the index, which searches meanwhile."""
    if not scope.team_ids and not scope.collections:
        return list
    return get_active_index().search_ahead(
        vector, team_ids=scope.team_ids, collections=scope.collections, filters=filters, limit=MAX_HITS
    )


def sample_of_index(*, scope: Scope, vector: Vector, sample_every: int = 1) -> Sample:
    """Return what the index holds, nearest first: all, or where a search cannot give so many, one in 16, 256, …"""
    while True:
        hits = nearest_in_index(scope=scope, vector=vector, filters=Filters(sample_every=sample_every))
        if len(hits) < MAX_HITS or sample_every >= _THINNEST:
            return Sample(hits=hits, sample_every=sample_every)
        sample_every *= _THINNING


def visible_hits(hits: Sequence[Hit], *, images: ImageQuerySet) -> list[Hit]:
    """Return the hits that the database shows."""
    shown = set(images.filter(pk__in=[hit.id for hit in hits]).values_list("pk", flat=True))
    return [hit for hit in hits if hit.id in shown]


def rows_of(ranked: Sequence[RankedImage], *, images: ImageQuerySet) -> list[ScoredImage]:
    """Join a ranking to visible rows, in its order; what the database no longer has or shows is dropped."""
    rows = images.with_collection().in_bulk([each.id for each in ranked])
    return [ScoredImage(image=rows[each.id], score=each.score) for each in ranked if each.id in rows]
