"""What Pillow and its codecs raise on hostile or broken files, turned into InvalidImage in one place."""

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

# Found by feeding the decoders mutated files: they fail like any parser that trusts the lengths it reads.
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
# A decoder that seeks to an absurd offset gets these from a real file; other system errors are not the picture's.
_ERRNO_OF_BAD_OFFSETS = (None, errno.EINVAL, errno.EOVERFLOW)


@contextmanager
def decoding() -> Iterator[None]:
    """Run a step of opening or decoding; raises InvalidImage with the code `truncated` or `damaged`.

    An error of the disk below the file (EIO, a missing file) is let through: the picture may be fine.
    """
    try:
        yield
    except DECODE_ERRORS as error:
        if isinstance(error, OSError) and error.errno not in _ERRNO_OF_BAD_OFFSETS:
            raise
        raise _refusal(error) from error


def _refusal(error: Exception) -> InvalidImage:
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return InvalidImage("truncated", _("This picture is incomplete: its end is missing; upload it again."))
    return damaged()


def damaged() -> InvalidImage:
    """Return the refusal of a file that has the right beginning and cannot be decoded."""
    return InvalidImage(
        "damaged", _("This picture is damaged and cannot be opened; export or save it anew and upload that.")
    )
