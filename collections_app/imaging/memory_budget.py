"""The budget of memory that one process spends on decoding pictures, shared by all its threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

# Eight threads that decode at once stay below 1.5 GB. The rest is for files, buffers and what malloc keeps.
MAX_BYTES = 1_200_000_000


class MemoryBudget:
    """A budget of bytes shared by the threads that decode."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = self._free = max_bytes
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._thread = threading.local()

    @contextmanager
    def reserve(self, byte_count: int) -> Iterator[None]:
        """Wait until the bytes are free. A thread may hold only one reservation, otherwise it could wait for itself.

        Raises InvalidImage with the code `too_many_pixels` if the bytes are more than the whole budget.
        """
        if byte_count > self._max_bytes:
            raise build_memory_error(byte_count, self._max_bytes)
        if getattr(self._thread, "is_holding", False):
            raise RuntimeError("This thread has reserved memory already.")
        self._take(byte_count)
        self._thread.is_holding = True
        try:
            yield
        finally:
            self._thread.is_holding = False
            self._release(byte_count)

    def _take(self, byte_count: int) -> None:
        """Take the bytes in order of arrival; otherwise small pictures could overtake a large one for ever."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= byte_count)
            self._free -= byte_count

    def _release(self, byte_count: int) -> None:
        with self._changed:
            self._free += byte_count
            self._changed.notify_all()


def build_memory_error(byte_count: int, max_bytes: int) -> InvalidImage:
    sentence = _(
        "Opening this picture takes %(size)s MB of memory. The limit is %(limit)s. Make it smaller and try again."
    )
    return InvalidImage("too_many_pixels", sentence, size=-(-byte_count // 10**6), limit=max_bytes // 10**6)


reserve_memory = MemoryBudget().reserve
