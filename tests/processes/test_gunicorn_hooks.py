"""The number of threads with which each web process computes."""

import os
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from collections_app.management.gunicorn_hooks import on_starting


def start(workers: int) -> int:
    settings = Config()
    settings.set("workers", workers)
    on_starting(SimpleNamespace(cfg=settings))
    return int(os.environ["OMP_NUM_THREADS"])


@pytest.mark.parametrize(("cores", "workers", "share"), [(2, 2, 1), (1, 1, 1), (8, 1, 4), (8, 3, 2), (None, 2, 1)])
def test_each_web_process_uses_its_share_of_the_cores(
    cores: int | None, workers: int, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    del os.environ["OMP_NUM_THREADS"]
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert start(workers) == share


def test_explicit_thread_counts_are_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert start(2) == 7
