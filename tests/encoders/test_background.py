"""Loading in the background: who waits, for how long, and what they are told."""

import threading
from collections.abc import Callable

import pytest

from collections_app.encoders.background import BackgroundLoad
from collections_app.errors import EncoderError, ModelLoading, ModelUnavailable


def counted(load: Callable[[], object]) -> tuple[list[int], Callable[[], object]]:
    calls: list[int] = []

    def count_and_load() -> object:
        calls.append(1)
        return load()

    return calls, count_and_load


def test_nobody_waits_where_nothing_is_loaded_in_the_background() -> None:
    calls, load = counted(lambda: None)
    BackgroundLoad(load).wait()

    assert calls == []


def test_it_is_loaded_once_however_often_it_is_wanted() -> None:
    calls, load = counted(lambda: None)
    background = BackgroundLoad(load)
    for _ in range(3):
        background.start().result(30)
        background.wait()

    assert calls == [1]


def test_who_cannot_wait_longer_is_told_so_until_it_is_loaded() -> None:
    may_go_on = threading.Event()
    background = BackgroundLoad(may_go_on.wait, max_wait_s=0.01)
    loading = background.start()
    with pytest.raises(ModelLoading):
        background.wait()

    may_go_on.set()
    loading.result(30)
    background.wait()


def test_what_went_wrong_is_told_and_then_it_is_tried_anew() -> None:
    failures = [ModelUnavailable("There is no model.")]

    def load() -> None:
        if failures:
            raise failures.pop()

    background = BackgroundLoad(load, max_wait_s=30)
    background.start()
    with pytest.raises(ModelUnavailable):
        background.wait()
    background.wait()


def test_an_unexpected_failure_is_an_error_of_the_encoder_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[object] = []
    failures: list[Exception] = [MemoryError()]
    monkeypatch.setattr(threading, "excepthook", lambda failed: logged.append(failed.exc_type))

    def load() -> None:
        if failures:
            raise failures.pop()

    background = BackgroundLoad(load, max_wait_s=30)
    background.start()
    with pytest.raises(EncoderError, match="cannot be loaded"):
        background.wait()
    background.start().result(30)
    assert logged == [MemoryError]
