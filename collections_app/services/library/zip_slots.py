"""Limits on the ZIP downloads that run at once in this process, in total and for each account.

A ZIP file is made while it is sent, so each download occupies a thread until its client has read it.
"""

import threading
from collections import Counter
from collections.abc import Generator, Iterator

from django.conf import settings

from collections_app.errors import TooManyDownloads, gettext_noop

_lock = threading.Lock()
_running: Counter[int] = Counter()


class SlotHolder(Iterator[bytes]):
    """The bytes of one download, which frees its slot when it ends or is closed."""

    def __init__(self, chunks: Generator[bytes], *, account_id: int) -> None:
        self._chunks = chunks
        self._account_id: int | None = account_id

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._chunks.close()
        with _lock:
            if self._account_id is not None:
                _running[self._account_id] -= 1
                if not _running[self._account_id]:
                    del _running[self._account_id]
            self._account_id = None

    def __del__(self) -> None:
        """Free the slot of a response that is never sent, because Django does not close it."""
        self.close()


def hold_zip_slot(chunks: Generator[bytes], *, account_id: int) -> SlotHolder:
    """Take a slot for the chunks. Raises TooManyDownloads before the first chunk is made."""
    with _lock:
        if _running[account_id] >= settings.ACCOUNT_MAX_ZIPS:
            raise TooManyDownloads(
                gettext_noop(
                    "You are downloading %(count)s ZIP files already. Wait until one is complete, then try again."
                ),
                is_own_limit=True,
                count=_running[account_id],
            )
        if _running.total() >= settings.WEB_MAX_ZIPS:
            raise TooManyDownloads(
                gettext_noop("Too many people are downloading ZIP files. Try again in a few minutes."),
                is_own_limit=False,
            )
        _running[account_id] += 1
    return SlotHolder(chunks, account_id=account_id)
