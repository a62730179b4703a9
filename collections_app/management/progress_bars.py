"""A progress bar for each part of a long command."""

from typing import Any

from tqdm import tqdm


class ProgressBars:
    """Shows one bar at a time. Use it as a context, which closes the last one."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> "ProgressBars":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def begin(self, what: str, total: int) -> None:
        self._close()
        self._bar = tqdm(total=total, desc=what.capitalize(), unit=" ", disable=not total, unit_scale=True)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
