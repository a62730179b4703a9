"""Fills an empty installation: teams, people, rights, rows of pictures, and their vectors. No picture files are made.

`tests/large_library.py` is for plans of statements: its pictures are in all states, and most have no vectors.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from collections_app.models import Collection, Image, IndexState, Membership, PublicLink, Role, Share, Team, User
from collections_app.services.indexing.entries import compute_vector_checksum
from collections_app.services.search.saved import save_search
from tests.benchmarks.large_site.vectors import MODEL_KEY, draw_pictures
from tests.picture_rows import Vectors, store_vectors

CHUNK = 5000
OWNER, MEMBER, GUEST, ADMIN = (f"{name}@example.com" for name in ("owner", "member", "guest", "admin"))
BIG_TEAM, LARGE, SMALL = "The big team", "The large collection", "The small collection"
MEMBER_TEAMS = 301
SMALL_COUNT = 200
_SYLLABLES = ("lan", "rest", "vos", "nik")
WORDS = tuple(f"{first}{second}" for first in ("ba", "ko", "mi", "ru", "su") for second in _SYLLABLES)
_BIG_SHARE, _LARGE_SHARE, _TRASHED_SHARE = 0.6, 0.25, 0.01
_BIG_COLLECTIONS = 20
# One picture in a hundred is a copy of the one before, and another one is similar to it.
_COPY_EVERY = 100
_START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was stored. The arrays have one value for each picture, in the order in which vectors are drawn.

    `team_ids` is 0 for pictures that no search can find. The index took `upsert_s`, with making the entries.
    """

    ids: "np.ndarray[Any, np.dtype[np.int64]]"
    team_ids: "np.ndarray[Any, np.dtype[np.int64]]"
    collection_ids: "np.ndarray[Any, np.dtype[np.int64]]"
    rows_s: float
    upsert_s: float


def fill_installation(*, pictures: int, teams: int, compared: bool, report: Callable[[str], None]) -> Filled:
    owner = _make_people()
    places = list(_iterate_places(pictures, _make_teams(teams, owner)))
    _share(owner)
    ids, rows_s, upsert_s = [], 0.0, 0.0
    with ThreadPoolExecutor(1) as pool:  # the index takes one chunk while the database takes the next
        pending: Future[float] | None = None
        for chunk, start in enumerate(range(0, pictures, CHUNK)):
            vectors = draw_chunk(chunk, len(places[start : start + CHUNK]))
            began = time.perf_counter()
            rows = _write_rows(start, places[start : start + CHUNK], vectors, owner, compared=compared)
            rows_s += time.perf_counter() - began
            ids += [row.pk for row in rows]
            upsert_s += pending.result() if pending else 0
            pending = pool.submit(_store_vectors, rows, vectors)
            report(f"{start + len(rows):,} rows")
        upsert_s += pending.result() if pending else 0
    trashed = np.array([_is_trashed(number) for number in range(pictures)])
    return Filled(
        ids=np.array(ids),
        team_ids=np.where(trashed, 0, [place.team_id for place in places]),
        collection_ids=np.array([place.pk for place in places]),
        rows_s=rows_s,
        upsert_s=upsert_s,
    )


def draw_chunk(chunk: int, count: int) -> Vectors:
    """Return the vectors of one chunk of pictures. Copies and similar pictures have equal vectors."""
    vectors = draw_pictures(chunk, count)
    for number in range(1, count):
        if _is_copy(number) or _is_similar(number):
            vectors[number] = vectors[number - 1]
    return vectors


def _make_people() -> User:
    for email in (MEMBER, GUEST):
        User.objects.create_user(email)
    User.objects.create_superuser(ADMIN)
    return User.objects.create_user(OWNER)


def _make_teams(count: int, owner: User) -> list[Collection]:
    """Return the collections: those of the big team, the large one first and the small one last, and one each."""
    member = User.objects.get(email=MEMBER)
    made = Team.objects.bulk_create(Team(name=BIG_TEAM if not n else f"Team {n:04d}") for n in range(count))
    Membership.objects.create(team=made[0], user=owner, role=Role.OWNER)
    Membership.objects.bulk_create(
        Membership(team=team, user=member, role=Role.VIEWER) for team in made[1 : 1 + MEMBER_TEAMS]
    )
    names = [LARGE, *(f"Collection {n:02d}" for n in range(_BIG_COLLECTIONS - 2)), SMALL]
    own = [_name_collection(made[0], name) for name in names]
    others = [_name_collection(team, "Pictures") for team in made[1:]]
    return Collection.objects.bulk_create([*own, *others])


def _name_collection(team: Team, name: str) -> Collection:
    return Collection(team=team, name=name, folded_name=name)


def _share(owner: User) -> None:
    small, large = Collection.objects.get(name=SMALL), Collection.objects.get(name=LARGE)
    Share.objects.create(collection=small, user=User.objects.get(email=GUEST), role="viewer", sharer=owner)
    for collection in (small, large):
        PublicLink.objects.create(collection=collection, creator=owner)
    for word in WORDS[:5]:
        save_search(maker=owner, name=word, query=f"q={word}")


def _iterate_places(pictures: int, collections: list[Collection]) -> Iterator[Collection]:
    """Yield the collection of each picture, team by team. Of the small teams, the n-th has a share of 1 / n."""
    chance = random.Random(1)
    own, others = collections[:_BIG_COLLECTIONS], collections[_BIG_COLLECTIONS:]
    big = round(pictures * _BIG_SHARE) if others else pictures
    small = min(SMALL_COUNT, big // 10)
    weights = [_LARGE_SHARE, *[(1 - _LARGE_SHARE) / (len(own) - 2)] * (len(own) - 2)]
    yield from chance.choices(own[:-1], weights, k=big - small)
    yield from [own[-1]] * small
    shares = np.array([1 / (rank + 10) for rank in range(len(others))])
    ends = np.round(np.cumsum(shares) / shares.sum() * (pictures - big)).astype(int) if others else []
    for collection, count in zip(others, np.diff(ends, prepend=0), strict=True):
        yield from [collection] * int(count)


def _write_rows(start: int, places: list[Collection], vectors: Vectors, owner: User, *, compared: bool) -> list[Image]:
    rows = [
        _build_row(start + offset, place, vector, owner)
        for offset, (place, vector) in enumerate(zip(places, vectors, strict=True))
    ]
    for row in rows if compared else ():
        row.compared_at = timezone.now()
    return QuerySet[Image](Image).bulk_create(rows, batch_size=1000)


def _build_row(number: int, place: Collection, vector: Vectors, owner: User) -> Image:
    chance = random.Random(number)
    original = number - 1 if _is_copy(number) else number
    sha256 = hashlib.sha256(str(original).encode()).hexdigest()
    taken = _START + timedelta(minutes=chance.randrange(3_000_000)) if number % 5 else None
    return Image(
        collection=place,
        uploader=owner if number % 3 else None,
        file=f"originals/{sha256[:2]}/{number}.jpg",
        original_name=f"IMG_{number:07d}.jpg",
        title=" ".join(chance.choices(WORDS, k=3)).capitalize() if number % 2 else "",
        tags=[f"tag{number % 100}", *(["rare"] if number % 1000 == 0 else [])],
        sha256=sha256,
        byte_size=2_000_000 + chance.randrange(4_000_000),
        format="JPEG",
        width=4000 if number % 4 else 3000,
        height=3000 if number % 4 else 4000,
        taken_at=taken and taken.replace(tzinfo=None),
        created_at=_START + timedelta(seconds=chance.randrange(150_000_000)),
        trashed_at=timezone.now() - timedelta(hours=1) if _is_trashed(number) else None,
        index_state=IndexState.INDEXED,
        index_model_key=MODEL_KEY,
        index_sha256=sha256,
        vector_checksum=compute_vector_checksum(vector),
        perceptual_hash=_draw_hash(number),
    )


def _store_vectors(rows: list[Image], vectors: Vectors) -> float:
    """Return the seconds that the index took."""
    started = time.perf_counter()
    store_vectors(rows, vectors)
    return time.perf_counter() - started


def _draw_hash(number: int) -> int:
    """Return the perceptual hash; that of a picture similar to the one before it differs in one bit."""
    if _is_copy(number) or _is_similar(number):
        return _draw_hash(number - 1) ^ (0 if _is_copy(number) else 1)
    return int.from_bytes(hashlib.sha256(f"hash {number}".encode()).digest()[:8], signed=True)


def _is_copy(number: int) -> bool:
    return number % _COPY_EVERY == 1


def _is_similar(number: int) -> bool:
    return number % _COPY_EVERY == 51


def _is_trashed(number: int) -> bool:
    return number % round(1 / _TRASHED_SHARE) == 7
