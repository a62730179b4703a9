"""A library of many pictures without files, for the plans of statements.

It has 301 teams and people who see all of it, a part or one collection. Its pictures are in all states.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from collections_app.encoders import get_encoder
from collections_app.models import Collection, Image, IndexJob, IndexState, Membership, Role, Share, Team, User
from collections_app.services.library.image_totals import drop_total_triggers, ensure_image_totals
from collections_app.services.search.name_index import drop_name_triggers, ensure_name_index
from tests.picture_rows import draw_units, store_vectors

_TEAMS = 300
_COLLECTIONS = 10
_START = datetime(2020, 1, 1, tzinfo=UTC)
_BATCH = 5000
_CHANCE = random.Random(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeLibrary:
    """`owner` owns the large team, which has most pictures; `member` is in all teams; `guest` has a share of a small
    collection; `stranger` sees ten pictures of their own."""

    team: Team
    collection: Collection
    small: Collection
    owner: User
    member: User
    guest: User
    stranger: User
    staff: User


def make_large_library(count: int) -> LargeLibrary:
    owner, member, guest, stranger = (
        User.objects.create_user(f"{name}@large.example.com") for name in ("owner", "member", "guest", "stranger")
    )
    staff = User.objects.create_superuser("staff@large.example.com")
    teams = Team.objects.bulk_create(Team(name=f"Team {number}") for number in range(_TEAMS + 1))
    Membership.objects.bulk_create(
        Membership(team=team, user=user, role=role)
        for team in teams
        for user, role in ((owner, Role.OWNER), (member, Role.VIEWER))
        if user == member or team == teams[0]
    )
    large = [_make_collection(teams[0], number, owner) for number in range(_COLLECTIONS)]
    others = [_make_collection(team, 0, member) for team in teams[1:]]
    own = _make_collection(stranger.personal_team, 0, stranger)
    Share.objects.create(collection=others[0], user=guest, role="viewer")
    drop_name_triggers(using="default")
    drop_total_triggers(using="default")
    _fill([*large, *others], own, count)
    ensure_name_index(using="default")
    ensure_image_totals(using="default")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return LargeLibrary(
        team=teams[0],
        collection=large[0],
        small=others[0],
        owner=owner,
        member=member,
        guest=guest,
        stranger=stranger,
        staff=staff,
    )


def index_some(library: LargeLibrary) -> None:
    """Store vectors of the newest images of each person, so that searches have results."""
    generator = np.random.default_rng(1)
    own = library.stranger.personal_team.collections.get()
    for collection in (library.collection, library.small, own):
        newest = Image.objects.not_trashed().filter(collection=collection).with_collection().latest_first()[:60]
        store_vectors(list(newest), draw_units(generator, len(newest), get_encoder().dim))


def _make_collection(team: Team, number: int, creator: User) -> Collection:
    return Collection.objects.create(team=team, name=f"Collection {number}", creator=creator)


def _fill(collections: list[Collection], own: Collection, count: int) -> None:
    """The first collection gets half of the pictures. The stranger's are the oldest, the hardest to find by date."""
    model_key = get_encoder().key
    stored: QuerySet[Image] = QuerySet(Image)  # the model's own would queue index jobs
    stored.bulk_create(_build_images(own, range(10), model_key))
    several = [collections[number % len(collections)] for number in range(count // 2)]
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        stored.bulk_create(
            image
            for number in numbers
            for image in _build_images(
                collections[0] if number % 2 else several[number // 2], range(number + 10, number + 11), model_key
            )
        )
    waiting = Image.objects.filter(index_state=IndexState.PENDING).values_list("pk", flat=True)
    IndexJob.objects.bulk_create(IndexJob(image_id=pk) for pk in waiting)


def _build_images(collection: Collection, numbers: range, model_key: str) -> Iterator[Image]:
    for number in numbers:
        date = _START + timedelta(minutes=number)
        state = {7: IndexState.PENDING, 8: IndexState.FAILED}.get(number % 100, IndexState.INDEXED)
        yield Image(
            collection=collection,
            uploader_id=collection.creator_id,
            file=f"originals/{number}.jpg",
            original_name=f"{number}.jpg",
            title=f"Picture {number}",
            tags=["dog"] if number % 1000 == 1 else [],
            sha256=f"{number:064x}",
            byte_size=100_000,
            format="JPEG",
            width=400,
            height=300,
            created_at=date,
            taken_at=date.replace(tzinfo=None),
            has_taken_time=True,
            trashed_at=date if number % 20 == 11 else None,
            index_state=state,
            index_model_key=model_key if state == IndexState.INDEXED else "",
            index_error="It is damaged." if state == IndexState.FAILED else "",
            perceptual_hash=_CHANCE.randrange(-(2**63), 2**63),
        )
