"""A clock that tests move."""

from datetime import timedelta

import pytest
from django.utils import timezone


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock, and the database's cache with it, be later."""
    later = timezone.now() + timedelta(seconds=seconds)
    monkeypatch.setattr("time.time", later.timestamp)
    monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: later)
