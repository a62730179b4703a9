"""An encoder that takes as long to load as a test wants, for `settings.ENCODER_CLASS`."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collections_app.encoders.clip import ClipEncoder


class SlowEncoder(ClipEncoder):
    """The real encoder, which encodes no text before `is_loaded` is set."""

    is_loaded = threading.Event()

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.is_loaded.wait()
        return super().encode_texts(texts)
