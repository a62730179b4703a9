"""Tests and time: moving the clock, and waiting."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock, and the database's cache with it, be later."""
    later = timezone.now() + timedelta(seconds=seconds)
    monkeypatch.setattr("time.time", later.timestamp)
    monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: later)


def wait_until(holds: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
