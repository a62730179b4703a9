"""How a picture looks, in 64 bits: copies of it differ in few of them, other pictures in about half."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_EDGE_PX = 32
_LOWEST = 8
# A plain area, and what a JPEG makes of it, differs by less, in 256 levels of grey: its bits would be noise.
_LEAST_CONTRAST = 2.0


def _cosines() -> NDArray[np.float64]:
    """Return the first rows of the discrete cosine transform (DCT-II), shape (8, 32)."""
    frequencies, places = np.arange(_LOWEST)[:, None], np.arange(_EDGE_PX)[None, :]
    cosines: NDArray[np.float64] = np.cos(np.pi / _EDGE_PX * (places + 0.5) * frequencies)
    return cosines


_COSINES = _cosines()


def perceptual_hash(picture: Image.Image) -> int:
    """Return a signed 64-bit number; 0 for a picture without contrast, which has nothing to be told by.

    "pHash": grey, 32 by 32 pixels, the 8 by 8 lowest frequencies of the cosine transform, a bit for each that lies
    above the median of all but the first. See C. Zauner, Implementation and Benchmarking of Perceptual Image Hash
    Functions (2010), 3.1.1.
    """
    small = picture.convert("L").resize((_EDGE_PX, _EDGE_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    levels = np.asarray(small, dtype=np.float64)
    if levels.std() < _LEAST_CONTRAST:
        return 0
    waves = (_COSINES @ levels @ _COSINES.T).ravel()
    bits = waves > np.median(waves[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)
