"""The perceptual hash: 64 bits of which copies of a picture share most, and other pictures about half."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_EDGE_PX = 32
_FREQUENCIES = 8
# Standard deviation in 256 levels of grey. JPEG noise in a plain area stays below it, and its bits would be random.
_MIN_CONTRAST = 2.0


def _compute_cosines() -> NDArray[np.float64]:
    """Return the first rows of the discrete cosine transform (DCT-II), shape (8, 32)."""
    frequencies, positions = np.arange(_FREQUENCIES)[:, None], np.arange(_EDGE_PX)[None, :]
    cosines: NDArray[np.float64] = np.cos(np.pi / _EDGE_PX * (positions + 0.5) * frequencies)
    return cosines


_COSINES = _compute_cosines()


def compute_perceptual_hash(picture: Image.Image) -> int:
    """Return a signed 64-bit integer; 0 for a picture without contrast.

    "pHash": grey, 32 by 32 pixels, the 8 by 8 lowest frequencies of the cosine transform, one bit for each coefficient
    above the median of all but the first. See C. Zauner, Implementation and Benchmarking of Perceptual Image Hash
    Functions (2010), 3.1.1.
    """
    small = picture.convert("L").resize((_EDGE_PX, _EDGE_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    levels = np.asarray(small, dtype=np.float64)
    if levels.std() < _MIN_CONTRAST:
        return 0
    coefficients = (_COSINES @ levels @ _COSINES.T).ravel()
    bits = coefficients > np.median(coefficients[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)
