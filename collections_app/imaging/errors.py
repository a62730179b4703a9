"""Translation of what Pillow and its codecs raise on broken or hostile files into InvalidImage."""

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

# Found by feeding mutated files to the decoders.
DECODE_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    BufferError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# Seeking to an absurd offset in a real file raises these; other system errors are not caused by the picture.
_ERRNO_OF_BAD_OFFSETS = (None, errno.EINVAL, errno.EOVERFLOW)


@contextmanager
def translate_decode_errors() -> Iterator[None]:
    """Wrap a step of opening or decoding. Raises InvalidImage with the code `truncated` or `damaged`.

    Errors of the disk (EIO, a missing file) pass through unchanged: the picture may be fine.
    """
    try:
        yield
    except DECODE_ERRORS as error:
        if isinstance(error, OSError) and error.errno not in _ERRNO_OF_BAD_OFFSETS:
            raise
        raise _build_invalid_image(error) from error


def _build_invalid_image(error: Exception) -> InvalidImage:
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return InvalidImage("truncated", _("This picture is incomplete: its end is missing. Upload it again."))
    return InvalidImage(
        "damaged", _("This picture is damaged and can't be opened. Save or export it again and upload that.")
    )
