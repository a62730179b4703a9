"""How many pixels a process holds decoded at the same time: each takes up to 12 bytes while a picture is decoded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_PIXELS = 100_000_000


class PixelBudget:
    """Threads that decode take from it and give back; one that asks for more than there ever is gets all of it."""

    def __init__(self, most: int = MOST_PIXELS) -> None:
        self._most = self._free = most
        self._door = threading.Lock()
        self._changed = threading.Condition()
        self._thread = threading.local()

    @contextmanager
    def holding(self, pixels: int) -> Iterator[None]:
        """Wait until there is room. A thread that holds some already takes no more: it would wait for itself."""
        if getattr(self._thread, "holds", False):
            yield
            return
        taken = min(pixels, self._most)
        self._take(taken)
        self._thread.holds = True
        try:
            yield
        finally:
            self._thread.holds = False
            self._give_back(taken)

    def _take(self, pixels: int) -> None:
        """Who waits keeps the door: else many small pictures would slip in before a large one for ever."""
        with self._door, self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels

    def _give_back(self, pixels: int) -> None:
        with self._changed:
            self._free += pixels
            self._changed.notify_all()


reserve_pixels = PixelBudget().holding
