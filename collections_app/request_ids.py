"""The id of the request that a thread works for. Log lines, index jobs and ZIP files carry it."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

MAX_REQUEST_ID_LENGTH = 64
_WELL_FORMED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_REQUEST_ID_LENGTH - 1}}}")

_current: ContextVar[str] = ContextVar("request_id", default="")
_Returned = TypeVar("_Returned")


def get_request_id() -> str:
    """Return the id, or "" outside of requests."""
    return _current.get()


def set_request_id(request_id: str) -> None:
    """Let this thread work for the request, until a surrounding `use_request_id` ends."""
    _current.set(request_id)


@contextmanager
def use_request_id(request_id: str) -> Iterator[None]:
    """Let this thread work for the request in the block; with "" for none."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def bind_request_id(call: Callable[[], _Returned]) -> Callable[[], _Returned]:
    """Return a function that makes the call for the current request, in any thread."""
    request_id = get_request_id()

    def run() -> _Returned:
        with use_request_id(request_id):
            return call()

    return run


def select_request_id(proposed: str | None) -> str:
    """Return the id that a proxy has sent, if it is well formed, or else a new one."""
    return proposed if proposed and _WELL_FORMED.fullmatch(proposed) else uuid.uuid4().hex
