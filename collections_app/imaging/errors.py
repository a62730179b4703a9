"""Translation of what Pillow and its codecs raise on broken or hostile files into InvalidImage."""

import errno
import re
import struct
import traceback
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

from .unaccepted import build_unsupported_error

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
# How Pillow and its decoders say that a file is of a kind that they do not decode.
_UNSUPPORTED = re.compile(
    r"unsupported|not supported|unimplemented|unknown (pixel mode|PCX mode|TGA)|no decod"
    r"|decoder .* not available|cannot load this image",
    re.IGNORECASE,
)


@contextmanager
def translate_decode_errors(name: str) -> Iterator[None]:
    """Wrap a step of opening or decoding a file of this format.

    Raises InvalidImage with the code `truncated`, `damaged`, or `unsupported` where the decoder lacks what it needs.
    Errors of the disk (EIO, a missing file) pass through unchanged: the picture may be fine.
    """
    try:
        yield
    except DECODE_ERRORS as error:
        if isinstance(error, OSError) and error.errno not in _ERRNO_OF_BAD_OFFSETS:
            raise
        # The frames would keep the pixels as long as the error lives, beyond the memory budget.
        traceback.clear_frames(error.__traceback__)
        raise _build_invalid_image(error, name) from error


def _build_invalid_image(error: Exception, name: str) -> InvalidImage:
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(str(error)):
        return build_unsupported_error(name)
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return InvalidImage("truncated", _("This picture is incomplete: its end is missing. Upload it again."))
    return InvalidImage(
        "damaged", _("This picture is damaged and can't be opened. Save or export it again and upload that.")
    )
