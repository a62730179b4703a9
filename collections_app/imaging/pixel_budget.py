"""The budget of pixels that one process decodes at the same time; a pixel takes up to 12 bytes while decoding."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_PIXELS = 100_000_000


class PixelBudget:
    """A budget shared by the threads that decode. A request for more than `max_pixels` takes the whole budget."""

    def __init__(self, max_pixels: int = MAX_PIXELS) -> None:
        self._max_pixels = self._free = max_pixels
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._thread = threading.local()

    @contextmanager
    def reserve(self, pixels: int) -> Iterator[None]:
        """Wait until the pixels are free. A nested call takes no more, because the thread would wait for itself."""
        if getattr(self._thread, "is_holding", False):
            yield
            return
        taken = min(pixels, self._max_pixels)
        self._take(taken)
        self._thread.is_holding = True
        try:
            yield
        finally:
            self._thread.is_holding = False
            self._release(taken)

    def _take(self, pixels: int) -> None:
        """Take the pixels in order of arrival; otherwise small pictures could overtake a large one for ever."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels

    def _release(self, pixels: int) -> None:
        with self._changed:
            self._free += pixels
            self._changed.notify_all()


reserve_pixels = PixelBudget().reserve
