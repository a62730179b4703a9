"""Pictures that are decoded at the same time hold no more pixels than there may be."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from collections_app.imaging import inspect_picture, open_picture, reserve_pixels
from collections_app.imaging.memory import MOST_PIXELS, PixelBudget
from collections_app.services.library.renditions import Rendition, open_rendition
from tests.sample_team import SampleTeam

from .pictures import LIMITS

WAITS_S, ARRIVES_S = 0.3, 30


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def a_picture() -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, "PNG")
    return buffer


def waits(started: "Future[Any]") -> bool:
    try:
        started.result(WAITS_S)
    except TimeoutError:
        return True
    return False


def test_threads_together_never_hold_more_than_there_is(pool: ThreadPoolExecutor) -> None:
    budget, lock = PixelBudget(100), threading.Lock()
    held, most = 0, 0

    def hold(pixels: int) -> None:
        nonlocal held, most
        with budget.holding(pixels):
            with lock:
                held += min(pixels, 100)
                most = max(most, held)
            with lock:
                held -= min(pixels, 100)

    list(pool.map(hold, [60, 50, 100, 1, 40, 9_000] * 50, timeout=ARRIVES_S))
    assert 0 < most <= 100


def test_a_small_one_does_not_slip_in_before_a_large_one_that_waits(pool: ThreadPoolExecutor) -> None:
    budget, order = PixelBudget(100), []

    def hold(pixels: int) -> None:
        with budget.holding(pixels):
            order.append(pixels)

    with budget.holding(60):
        large = pool.submit(hold, 90)
        assert waits(large)
        small = pool.submit(hold, 10)
        assert waits(small)
    large.result(ARRIVES_S)
    small.result(ARRIVES_S)
    assert order == [90, 10]


def test_what_fails_gives_back_what_it_held() -> None:
    budget = PixelBudget(10)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), budget.holding(10):
            raise ValueError("broken")


@pytest.mark.parametrize("step", [open_picture, lambda file: inspect_picture(file, LIMITS)], ids=["open", "inspect"])
def test_pictures_are_decoded_only_where_there_is_room(
    step: Callable[[io.BytesIO], object], pool: ThreadPoolExecutor
) -> None:
    with reserve_pixels(MOST_PIXELS):
        decoding = pool.submit(step, a_picture())
        assert waits(decoding)
    decoding.result(ARRIVES_S)


@pytest.mark.django_db(transaction=True)
def test_a_whole_picture_is_held_until_it_is_stored(
    sample: SampleTeam, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the copy for those who may not have the original is written, nobody else has all the room."""
    others: list[bool] = []

    def take_all() -> None:
        with reserve_pixels(MOST_PIXELS):
            pass

    def stored(name: str, content: bytes) -> None:
        others.append(waits(pool.submit(take_all)))

    monkeypatch.setattr("collections_app.services.library.renditions._save_whole", stored)
    with pytest.raises(FileNotFoundError):
        open_rendition(image=sample.image, rendition=Rendition.FULL)
    assert others == [True]
