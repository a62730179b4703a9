"""Loading the model in the background of a web process, so that no request waits long for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from collections_app.errors import EncoderError, ModelLoading
from collections_app.errors import gettext_noop as _

MAX_WAIT_S = 2.0


class BackgroundLoad:
    """Loads the model in a thread, once. A process that never starts it loads the model in the foreground."""

    def __init__(self, load: Callable[[], object], *, max_wait_s: float = MAX_WAIT_S) -> None:
        self._load = load
        self._max_wait_s = max_wait_s
        self._lock = threading.Lock()
        self._loading: Future[None] | None = None

    def start(self) -> "Future[None]":
        """Return the future of the loaded model. Repeated calls start nothing new."""
        with self._lock:
            if self._loading is None:
                self._loading = Future()
                # A daemon: a process that stops does not wait for the model.
                threading.Thread(target=self._run, args=(self._loading,), name="load-model", daemon=True).start()
            return self._loading

    @property
    def is_ready(self) -> bool:
        loading = self._loading
        return loading is not None and loading.done() and loading.exception() is None

    def wait(self) -> None:
        """Return once the model is loaded, or at once if loading was never started.

        Raises ModelLoading after `max_wait_s`. If loading failed, raises its EncoderError and starts again.
        """
        loading = self._loading
        if loading is None:
            return
        try:
            loading.result(self._max_wait_s)
        except TimeoutError as error:
            raise ModelLoading(_("The model is still loading. Try again in a moment.")) from error
        except EncoderError:
            self._restart(loading)
            raise

    def _restart(self, failed: "Future[None]") -> None:
        with self._lock:
            if self._loading is failed:
                self._loading = None
        self.start()

    def _run(self, loading: "Future[None]") -> None:
        try:
            self._load()
            loading.set_result(None)
        except EncoderError as error:
            loading.set_exception(error)
        finally:
            if not loading.done():
                loading.set_exception(EncoderError(_("The model can't be loaded. Ask an administrator.")))
