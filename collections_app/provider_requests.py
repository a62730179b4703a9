"""Requests to the identity provider: a few at once, each with a time limit."""

import threading
from concurrent.futures import Future
from functools import partial
from typing import Any

import requests
from django.conf import settings

from collections_app.request_ids import bind_request_id

_TOTAL_S = 10.0
_SILENCE_S = 5.0
_WAIT_S = 1.0
# A slow provider occupies at most a quarter of the threads of a web process.
_free = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


class ProviderSession(requests.Session):
    """Raises requests.Timeout after 10 s in all, and requests.ConnectionError while too many others wait.

    The time limit of `requests` restarts with each byte. The request therefore runs in a thread, which the caller
    abandons after the limit. An abandoned thread counts until it ends, so their number stays bounded.
    """

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        if not _free.acquire(timeout=_WAIT_S):
            raise requests.ConnectionError("Other requests wait for the identity provider.")
        future: Future[requests.Response] = Future()
        kwargs["timeout"] = _SILENCE_S
        fill = bind_request_id(partial(self._fill, future, args, kwargs))
        thread = threading.Thread(target=fill, name="identity provider", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no free thread
            _free.release()
            raise requests.ConnectionError("The request could not be started.") from error
        try:
            return future.result(_TOTAL_S)
        except TimeoutError as error:
            raise requests.Timeout("The identity provider did not answer in time.") from error

    def _fill(self, future: "Future[requests.Response]", args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            future.set_result(super().request(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the caller gets it
            future.set_exception(error)
        finally:
            _free.release()
