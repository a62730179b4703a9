"""Finding pictures: by a sentence, or by another picture. Permission is decided in SQL, before and after the index."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from collections_app.encoders import get_encoder
from collections_app.errors import NotIndexed
from collections_app.index import Hit
from collections_app.models import Collection, Image, Team, User
from collections_app.services.active import active_index

MAX_HITS = 480
MAX_QUERY_LENGTH = 500
# Hits that the database no longer shows are dropped; so many more are asked for, to fill the page all the same.
_SPARE_HITS = 20

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredImage:
    """A hit joined to its row; `score` is the cosine similarity, -1 to 1."""

    image: Image
    score: float


def clean_query(text: str) -> str:
    """Return what a person meant: no control characters, no broken Unicode, single blanks, a bounded length."""
    readable = text[: MAX_QUERY_LENGTH * 4].encode(errors="ignore").decode()
    printable = "".join(character if character.isprintable() else " " for character in readable)
    return " ".join(printable.split())[:MAX_QUERY_LENGTH]


def search_by_text(
    *, user: User, text: str, collection: Collection | None = None, limit: int = MAX_HITS
) -> list[ScoredImage]:
    """Return the visible pictures nearest to a sentence, best first.

    Raises EncoderError or IndexUnavailable: a failure is never an empty list.
    """
    encoder = get_encoder()
    vector = _text_vector(encoder.key, clean_query(text))
    return _search(user, vector, collection, limit)


def search_similar(*, user: User, image: Image, limit: int) -> list[ScoredImage]:
    """Return the visible pictures nearest to a picture, without itself, best first.

    Raises NotIndexed while the picture waits for its vector, EncoderError or IndexUnavailable.
    """
    vector = active_index().vectors([image.pk]).get(image.pk)
    if vector is None:
        raise NotIndexed("Similar pictures appear here once this one is indexed.")
    found = _search(user, vector, None, limit + 1)
    return [each for each in found if each.image.pk != image.pk][:limit]


def _search(user: User, vector: Vector, collection: Collection | None, limit: int) -> list[ScoredImage]:
    team_ids = _searchable_teams(user, collection)
    if not team_ids:
        return []
    hits = active_index().search(
        vector,
        team_ids=team_ids,
        collection_ids=[collection.pk] if collection else (),
        limit=limit + _SPARE_HITS,
    )
    return _join(user, hits, collection)[:limit]


def _searchable_teams(user: User, collection: Collection | None) -> list[int]:
    teams = Team.objects.visible_to(user)
    if collection:
        teams = teams.filter(collections=collection)
    return list(teams.values_list("pk", flat=True))


def _join(user: User, hits: Sequence[Hit], collection: Collection | None) -> list[ScoredImage]:
    """Join hits to visible rows in hit order; what the database no longer has or shows is dropped."""
    visible = Image.objects.visible_to(user).with_collection()
    if collection:
        visible = visible.filter(collection=collection)
    rows = visible.in_bulk([hit.id for hit in hits])
    return [ScoredImage(image=rows[hit.id], score=hit.score) for hit in hits if hit.id in rows]


@lru_cache(maxsize=1024)
def _text_vector(model_key: str, text: str) -> Vector:
    """The key is part of the cache's key: vectors of two models are never mixed up."""
    vector: Vector = get_encoder().encode_texts([text])[0]
    return vector
