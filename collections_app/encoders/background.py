"""Loading the model beside the requests of a web process, so that none of them waits long for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from collections_app.errors import EncoderError, ModelLoading
from collections_app.errors import gettext_noop as _

PATIENCE_S = 2.0


class BackgroundLoad:
    """Loads once it is wanted. A process that never asks for it loads where it stands, however long that takes."""

    def __init__(self, load: Callable[[], object], *, patience_s: float = PATIENCE_S) -> None:
        self._load = load
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._loading: Future[None] | None = None

    def begin(self) -> "Future[None]":
        """Return what will be done once the model is loaded; repeated calls begin nothing new."""
        with self._lock:
            if self._loading is None:
                self._loading = Future()
                # A daemon: to stop the process, nobody waits for a model.
                threading.Thread(target=self._run, args=(self._loading,), name="load-model", daemon=True).start()
            return self._loading

    def wait(self) -> None:
        """Return once the model is loaded, and at once where nothing is loaded in the background.

        Raises ModelLoading if it takes longer, or the EncoderError it ended with; then it is tried anew.
        """
        loading = self._loading
        if loading is None:
            return
        try:
            loading.result(self._patience_s)
        except TimeoutError as error:
            raise ModelLoading(_("The model is still loading. Try again in a moment.")) from error
        except EncoderError:
            self._begin_anew(loading)
            raise

    def _begin_anew(self, failed: "Future[None]") -> None:
        with self._lock:
            if self._loading is failed:
                self._loading = None
        self.begin()

    def _run(self, loading: "Future[None]") -> None:
        try:
            self._load()
            loading.set_result(None)
        except EncoderError as error:
            loading.set_exception(error)
        finally:
            if not loading.done():
                loading.set_exception(EncoderError(_("The model cannot be loaded. The site's log says why.")))
