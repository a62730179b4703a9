"""The index of the active model."""

from collections_app.index import VectorIndex
from collections_app.services.indexing.kept_models import get_active_model


def get_active_index() -> VectorIndex:
    """Return the index without loading the model's weights. Raises EncoderError if the model cannot be read."""
    return get_active_model().index
