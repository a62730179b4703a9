"""The index of the model that the settings name."""

from collections_app.encoders import get_encoder
from collections_app.index import VectorIndex, open_index


def get_active_index() -> VectorIndex:
    """Return the index without loading the model's weights. Raises EncoderError if the model cannot be read."""
    encoder = get_encoder()
    return open_index(model_key=encoder.key, dim=encoder.dim)
