"""The memory budget: pictures decoded at the same time never exceed it."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from PIL import Image
from pytest_django import Settings

from collections_app.imaging import inspect_picture, open_picture
from collections_app.imaging.memory_budget import MAX_BYTES, MemoryBudget, reserve_memory
from collections_app.services.library.renditions import Rendition, open_rendition
from tests.sample_team import SampleTeam

from .pictures import LIMITS

WAITS_S, ARRIVES_S = 0.3, 30


class WatchedStorage(FileSystemStorage):
    """Calls `before_save` with the name of each file before it stores the file."""

    before_save: Callable[[str], None]

    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        self.before_save(name or "")
        return super().save(name, content, max_length)


@pytest.fixture
def watched_storage(settings: Settings, tmp_path: Path) -> WatchedStorage:
    backend = {"BACKEND": f"{__name__}.WatchedStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    storage = storages["default"]
    assert isinstance(storage, WatchedStorage)
    storage.before_save = lambda name: None
    return storage


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def make_picture() -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, "PNG")
    return buffer


def is_blocked(started: "Future[Any]") -> bool:
    try:
        started.result(WAITS_S)
    except TimeoutError:
        return True
    return False


def test_threads_together_stay_within_the_budget(pool: ThreadPoolExecutor) -> None:
    budget, lock = MemoryBudget(100), threading.Lock()
    held, most = 0, 0

    def reserve_briefly(size: int) -> None:
        nonlocal held, most
        with budget.reserve(size):
            with lock:
                held += size
                most = max(most, held)
            with lock:
                held -= size

    list(pool.map(reserve_briefly, [60, 50, 100, 1, 40, 90] * 50, timeout=ARRIVES_S))
    assert 0 < most <= 100


def test_small_reservation_does_not_overtake_a_large_one(pool: ThreadPoolExecutor) -> None:
    budget, order = MemoryBudget(100), []

    def reserve_briefly(size: int) -> None:
        with budget.reserve(size):
            order.append(size)

    with budget.reserve(60):
        large = pool.submit(reserve_briefly, 90)
        assert is_blocked(large)
        small = pool.submit(reserve_briefly, 10)
        assert is_blocked(small)
    large.result(ARRIVES_S)
    small.result(ARRIVES_S)
    assert order == [90, 10]


def test_failure_releases_its_reservation() -> None:
    budget = MemoryBudget(10)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), budget.reserve(10):
            raise ValueError("broken")


@pytest.mark.parametrize("step", [open_picture, lambda file: inspect_picture(file, LIMITS)], ids=["open", "inspect"])
def test_pictures_are_decoded_only_within_the_budget(
    step: Callable[[io.BytesIO], object], pool: ThreadPoolExecutor
) -> None:
    with reserve_memory(MAX_BYTES):
        decoding = pool.submit(step, make_picture())
        assert is_blocked(decoding)
    decoding.result(ARRIVES_S)


@pytest.mark.django_db(transaction=True)
def test_memory_stays_reserved_until_the_picture_is_stored(
    watched_storage: WatchedStorage, sample: SampleTeam, pool: ThreadPoolExecutor
) -> None:
    """While a rendition of full size is being stored, no other thread can take the whole budget."""
    is_waiting: list[bool] = []

    def reserve_all() -> None:
        with reserve_memory(MAX_BYTES):
            pass

    def try_to_reserve_all(name: str) -> None:
        is_waiting.append(is_blocked(pool.submit(reserve_all)))

    watched_storage.before_save = try_to_reserve_all
    open_rendition(image=sample.image, rendition=Rendition.FULL).close()
    assert is_waiting == [True]
