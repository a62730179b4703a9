"""Comparing in steps: interrupted anywhere, by several processes, beside changes, with common hashes and new limits."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from collections_app.models import Image, TeamComparison
from collections_app.services.duplicates import comparing, neighbours
from collections_app.services.duplicates.comparing import Comparer
from tests.duplicate_pictures import set_hash_and_vector
from tests.sample_team import SampleTeam
from tests.services.duplicates import definition
from tests.services.duplicates.definition import compute_groups, list_stored_groups

pytestmark = pytest.mark.django_db(transaction=True)

HASH = 2**40


def put_image(sample: SampleTeam, *, value: int = HASH, vector: tuple[float, ...] = (1,)) -> Image:
    number = Image.objects.count()
    image = Image.objects.create(
        collection=sample.collection, file=f"{number}.png", sha256=f"{number:064x}", byte_size=1, format="PNG",
        processing=6, width=1000 - number, height=1, original_name=f"{number}.png",
    )  # fmt: skip
    set_hash_and_vector(image, value=value, vector=vector)
    return image


def on_statement(part: str, action: Callable[[], object]) -> Callable[..., Any]:
    """Return a wrapper of statements that calls `action` once, before the first statement with that part."""
    calls = iter([action])

    def run(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if part in sql and (call := next(calls, None)):
            call()
        return execute(sql, params, many, context)

    return run


def test_a_failure_at_any_statement_loses_nothing(sample: SampleTeam) -> None:
    images = [put_image(sample) for _ in range(3)]
    expected = [[image.pk for image in images]]
    for number in range(0, 200, 2):
        TeamComparison.objects.all().delete()
        Image.objects.indexed().record_comparison(None)
        Image.objects.filter(pk=images[-1].pk).update(processing=number + 7)
        count = 0

        def fail_once(execute: Callable[..., Any], *statement: Any, number: int = number) -> Any:
            nonlocal count
            count += 1
            if count == number + 1:
                raise OperationalError("The database went away.")
            return execute(*statement)

        with connection.execute_wrapper(fail_once):
            try:
                Comparer().drain()
            except OperationalError:
                assert Image.objects.to_compare().exists() or list_stored_groups(sample.team) == expected
        TeamComparison.objects.update(leased_until=None)
        Comparer().drain()
        assert list_stored_groups(sample.team) == expected
        if count <= number:
            return
    raise AssertionError


@pytest.mark.parametrize("change", ["trashed", "another hash"])
def test_change_beside_the_comparison_is_compared_again(sample: SampleTeam, change: str) -> None:
    put_image(sample)
    other = put_image(sample)

    def act() -> None:
        Image.objects.filter(pk=other.pk).update(trashed_at=timezone.now() if change == "trashed" else None)
        set_hash_and_vector(other, value=HASH if change == "trashed" else -7, vector=[1])

    with connection.execute_wrapper(on_statement("band_0", act)):
        Comparer().drain()
    Comparer().drain()
    assert list_stored_groups(sample.team) == compute_groups(sample.team) == []


def test_a_team_is_compared_by_one_process_until_its_lease_ends(sample: SampleTeam) -> None:
    images = [put_image(sample) for _ in range(2)]
    later = timezone.now() + timedelta(minutes=1)
    TeamComparison.objects.create(team=sample.team, lease=uuid.uuid4(), leased_until=later)
    assert not Comparer().compare_next()
    assert list_stored_groups(sample.team) == []
    TeamComparison.objects.update(leased_until=timezone.now())
    Comparer().drain()
    assert list_stored_groups(sample.team) == [[image.pk for image in images]]


def test_a_process_that_lost_its_lease_stores_nothing(sample: SampleTeam) -> None:
    for _ in range(2):
        put_image(sample)
    with connection.execute_wrapper(on_statement("band_0", lambda: TeamComparison.objects.update(lease=uuid.uuid4()))):
        Comparer().drain()
    assert list_stored_groups(sample.team) == []
    assert Image.objects.to_compare().count() == 2


def test_processes_at_once_find_each_group_once(sample: SampleTeam) -> None:
    images = [put_image(sample) for _ in range(6)]

    def compare() -> None:
        try:
            Comparer().drain()
        finally:
            connection.close()

    threads = [threading.Thread(target=compare) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Comparer().drain()
    assert list_stored_groups(sample.team) == [[image.pk for image in images]]


def test_hash_of_too_many_images_matches_nothing(sample: SampleTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (comparing, neighbours, definition):
        monkeypatch.setattr(module, "MAX_IMAGES_PER_HASH", 3)
    images = []
    for count in range(1, 6):
        images.append(put_image(sample))
        Comparer().drain()
        expected = [[image.pk for image in images]] if 1 < count <= 3 else []
        assert list_stored_groups(sample.team) == compute_groups(sample.team) == expected
    near = put_image(sample, value=HASH + 1)
    Comparer().drain()
    assert list_stored_groups(sample.team) == []
    Image.objects.filter(pk__in=[image.pk for image in images[:2]]).update(trashed_at=timezone.now())
    for image in images[:2]:
        set_hash_and_vector(image, value=HASH, vector=[1])
    Comparer().drain()
    assert list_stored_groups(sample.team) == [[*(image.pk for image in images[2:]), near.pk]]


def test_limit_is_measured_again_when_the_team_grows(sample: SampleTeam) -> None:
    """Two pictures that are duplicates only if other pictures are farther from each other than usual."""
    pair = [put_image(sample, vector=(1,)), put_image(sample, vector=(0.9, (1 - 0.9**2) ** 0.5))]
    Comparer().drain()
    assert list_stored_groups(sample.team) == []
    chance = np.random.default_rng(1)
    for _ in range(60):
        value = int(chance.integers(2**62))
        put_image(sample, value=value, vector=tuple(chance.normal(size=64)))
    Comparer().drain()
    assert list_stored_groups(sample.team) == [[image.pk for image in pair]]
    assert TeamComparison.objects.get(team=sample.team).median_distance == pytest.approx(1, abs=0.1)


def test_statements_of_one_comparison_do_not_depend_on_the_team(sample: SampleTeam) -> None:
    counts = []
    for size in (5, 40):
        while Image.objects.count() < size:
            put_image(sample, value=int(np.random.default_rng(Image.objects.count()).integers(2**62)))
        Comparer().drain()
        put_image(sample, value=-(2**size))
        with CaptureQueriesContext(connection) as statements:
            Comparer().drain()
        counts.append(len(statements))
    assert counts[0] == counts[1]
