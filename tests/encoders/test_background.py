"""Loading in the background: who waits, for how long, and which error they get."""

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


def test_caller_does_not_wait_when_nothing_loads_in_the_background() -> None:
    calls, load = counted(lambda: None)
    BackgroundLoad(load).wait()

    assert calls == []


def test_encoder_is_loaded_once_for_many_callers() -> None:
    calls, load = counted(lambda: None)
    background = BackgroundLoad(load)
    for _ in range(3):
        background.start().result(30)
        background.wait()

    assert calls == [1]


def test_caller_with_a_timeout_gets_an_error_until_it_is_loaded() -> None:
    may_go_on = threading.Event()
    background = BackgroundLoad(may_go_on.wait, max_wait_s=0.01)
    loading = background.start()
    with pytest.raises(ModelLoading):
        background.wait()

    may_go_on.set()
    loading.result(30)
    background.wait()


def test_failure_is_reported_and_loading_is_retried() -> None:
    failures = [ModelUnavailable("There is no model.")]

    def load() -> None:
        if failures:
            raise failures.pop()

    background = BackgroundLoad(load, max_wait_s=30)
    background.start()
    with pytest.raises(ModelUnavailable):
        background.wait()
    background.wait()


def test_unexpected_failure_is_logged_as_an_encoder_error(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[object] = []
    failures: list[Exception] = [MemoryError()]
    monkeypatch.setattr(threading, "excepthook", lambda failed: logged.append(failed.exc_type))

    def load() -> None:
        if failures:
            raise failures.pop()

    background = BackgroundLoad(load, max_wait_s=30)
    background.start()
    with pytest.raises(EncoderError, match="can't be loaded"):
        background.wait()
    background.start().result(30)
    assert logged == [MemoryError]
