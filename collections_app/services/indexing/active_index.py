"""The index of the active model: what the configuration says today."""

from collections_app.encoders import get_encoder
from collections_app.index import VectorIndex, open_index


def get_active_index() -> VectorIndex:
    """Raises EncoderError if the model's description cannot be read; its weights are not needed."""
    encoder = get_encoder()
    return open_index(model_key=encoder.key, dim=encoder.dim)
