"""After any history of changes the stored groups are those that comparing every pair of each team gives."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.models import Collection, Image, IndexJob, Team, User
from collections_app.services.duplicates.comparing import Comparer
from collections_app.services.duplicates.decisions import dismiss_duplicates
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.library.collections import create_collection
from tests.duplicate_pictures import set_hash_and_vector
from tests.services.duplicates.definition import compute_groups, list_stored_groups

pytestmark = pytest.mark.django_db(transaction=True)

# Rows of hashes, each 5 bits from the one before, so that only neighbours are near; plain and missing hashes.
HASHES = (*(2**62 + 2 ** (5 * number) - 1 for number in (1, 2, 3, 1, 2)), 0, None)
ACTIONS = (
    *("upload", "upload", "upload", "upload", "move", "trash", "restore", "delete", "dismiss"),
    *("replace", "date", "purge_vector", "compare"),
)
steps = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 99), st.integers(0, 99))
serial = itertools.count()


def index(image: Image, number: int) -> None:
    """Of three vectors, each is near the next one."""
    angle = 0.35 * (number // 7 % 3)
    vector = [float(np.cos(angle)), float(np.sin(angle))]
    value = image.perceptual_hash if number < 0 else HASHES[number % len(HASHES)]
    set_hash_and_vector(Image.objects.select_related("collection").get(pk=image.pk), value=value, vector=vector)


def upload(collections: list[Collection], one: int, other: int) -> None:
    image = Image.objects.create(
        collection=collections[max(one % 4 - 1, 0)],
        file=f"{next(serial)}.png",
        sha256=f"{other % 7 if other % 3 == 0 else next(serial) + 100:064x}",
        byte_size=1,
        processing=1 + other % 3,
        width=1 + one % 4,
        height=1,
        format="PNG",
        original_name="a.png",
    )
    index(image, one + other)


def act(action: str, images: list[Image], collections: list[Collection], one: int, other: int) -> None:
    """Change an image as services do, and then index it as the worker does."""
    image = images[one % len(images)]
    own = Image.objects.filter(pk=image.pk)
    if action == "delete":
        image.delete()
    elif action == "dismiss":
        ids = [image.pk, images[other % len(images)].pk]
        dismiss_duplicates(team=image.collection.team, image_ids=ids, member=User.objects.all()[0])
    elif action == "purge_vector":
        get_active_model().index.delete([image.pk])
        own.record_index_state(index_state="failed")
    elif action == "replace":
        own.update(sha256=f"{other % 7:064x}", processing=1 + other % 3, width=1 + other % 4)
        index(image, other)
    else:
        changes: dict[str, dict[str, Any]] = {
            "move": {"collection": collections[other % 3]},
            "trash": {"trashed_at": datetime.now(tz=UTC)},
            "restore": {"trashed_at": None},
            "date": {"taken_at": datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=other)},
        }
        own.update(**changes[action])
        index(image, one + other)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, min_size=15, max_size=60))
def test_stored_groups_are_those_of_all_pairs(history: list[tuple[str, int, int]]) -> None:
    for rows in (User.objects.all(), Team.objects.all(), IndexJob.objects.all()):
        rows.delete()
    user = User.objects.create_user("ann@example.com")
    team = Team.objects.create(name="Two")
    teams = [user.personal_team, team]
    collections = [create_collection(team=each, name=str(next(serial)), creator=user) for each in (team, *teams)]
    for action, one, other in history:
        images = list(Image.objects.select_related("collection__team").order_by("pk"))
        if action == "compare":
            Comparer().drain()
        elif action == "upload" or not images:
            upload(collections, one, other)
        else:
            act(action, images, collections, one, other)
    Comparer().drain()
    assert not Image.objects.to_compare().exists()
    for each in teams:
        assert list_stored_groups(each) == compute_groups(each)
