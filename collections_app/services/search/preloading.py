"""Loading the kept models in a web process, so that no search after a switch waits."""

import logging

from django.db import InterfaceError, OperationalError

from collections_app.encoders import forget_encoders, is_model_ready, load_in_background
from collections_app.errors import ImageSearchError
from collections_app.metrics import announce_model
from collections_app.services.indexing.kept_models import read_kept_models
from collections_app.services.search.samples import draw_missing_samples, forget_samples
from collections_app.services.search.text_embeddings import forget_texts

log = logging.getLogger(__name__)


class ModelPreloader:
    """Keeps the memory of this process in step with the kept models."""

    def __init__(self) -> None:
        self._problem = ""

    def preload(self) -> bool:
        """Load the models that searches may use, with the samples for their cutoffs, and free the memory of others.

        A model is loaded when it is ready, not while it is being prepared. Returns False: nothing is left to do.
        """
        try:
            preload_models()
            self._problem = ""
        except (ImageSearchError, OperationalError, InterfaceError) as error:
            if str(error) != self._problem:
                log.warning("Search is not ready: %s", error)
            self._problem = str(error)
        return False


def preload_models() -> None:
    """Raises EncoderError, IndexUnavailable or a DatabaseError."""
    models = [each for each in read_kept_models() if not each.is_being_prepared]
    for model in models:
        load_in_background(model.spec)
    keys = [each.key for each in models]
    forget_texts(kept_keys=keys)
    forget_samples(kept_keys=keys)
    forget_encoders(kept=[each.spec for each in models])
    active, *others = models
    if is_model_ready(active.spec):
        announce_model(active.key)
        _ = active.index  # imports the libraries of the index
    for model in others:
        if is_model_ready(model.spec):
            draw_missing_samples(model, like=active)
