"""The cache that counts attempts. It does not wait long for a busy database, and it reports failed writes."""

import logging
from collections.abc import Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import OperationalError

from collections_app.models.concurrent_writes import give_up_when_busy

log = logging.getLogger(__name__)

_ADD_TRIES = 3


class AttemptCache(DatabaseCache):
    """Django's cache in the database, whose `add` returns False both for an existing key and for a failed write.

    Callers read False as "too many attempts". Here `add` raises OperationalError if it cannot write.
    """

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        with give_up_when_busy():  # reading deletes expired keys
            return super().get_many(keys, version)

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        with give_up_when_busy():
            super().set(key, value, timeout, version)

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        for _ in range(_ADD_TRIES):
            with give_up_when_busy():
                if super().add(key, value, timeout, version):
                    return True
            if self.get(key, version=version) is not None:
                return False
            # Another process has just deleted the key, or the write failed.
        raise OperationalError("An attempt could not be counted, because the database accepts no writes.")

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        """Keys that cannot be deleted expire by themselves."""
        try:
            with give_up_when_busy():
                super().delete_many(keys, version)
        except OperationalError as error:
            log.warning("Keys of attempts could not be deleted: %s", error)

    def delete(self, key: str, version: int | None = None) -> bool:
        self.delete_many([key], version)
        return True
