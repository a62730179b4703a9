"""The errors that refuse a file: of an unknown kind, or broken so that Pillow and its codecs raise."""

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
# In messages of Pillow and its decoders about files of a kind that they do not decode.
_UNSUPPORTED_MESSAGE = re.compile(
    r"unsupported|not supported|unimplemented|unknown (pixel mode|PCX mode|TGA)|no decod"
    r"|decoder .* not available|cannot load this image",
    re.IGNORECASE,
)
# The formats that people have most often. docs/using.md lists them all.
_ACCEPTED = _("JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or another picture format")

_UNSUPPORTED_FILES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"gimp xcf", _("a GIMP file")),
    (0, b"icns", _("an icon file (ICNS)")),
    (0, b"\x00\x00\x02\x00", _("a mouse pointer (CUR)")),
    (0, b"\xff\x0a", _("a JPEG XL picture")),
    (0, b"\x00\x00\x00\x0cJXL ", _("a JPEG XL picture")),
    (0, b"\x76\x2f\x31\x01", _("an OpenEXR picture")),
    (0, b"#?RADIANCE", _("a Radiance HDR picture")),
    (0, b"#?RGBE", _("a Radiance HDR picture")),
    (0, b"II\xbc", _("a JPEG XR picture")),
    (0, b"\x97JB2\r\n\x1a\n", _("a JBIG2 picture")),
    (0, b"\x8aMNG\r\n\x1a\n", _("a MNG animation")),
    (0, b"\x8bJNG\r\n\x1a\n", _("a JNG picture")),
    (0, b"\x01\xda", _("an SGI picture")),
    (0, b"\x59\xa6\x6a\x95", _("a Sun raster picture")),
    (0, b"SIMPLE  =", _("a FITS picture")),
    (0, b"/* XPM */", _("an XPM picture")),
    (0, b"\xd7\xcd\xc6\x9a", _("a Windows metafile (WMF)")),
    (40, b" EMF", _("a Windows metafile (EMF)")),
    (0, b"AT&TFORM", _("a DjVu document")),
    (0, b"%!PS", _("a PostScript file")),
    (0, b"\xc5\xd0\xd3\xc6", _("a PostScript file")),
    (0, b"FOVb", _("a camera's raw file")),
    (0, b"\x00MRM", _("a camera's raw file")),
    (0, b"BPG\xfb", _("a BPG picture")),
    (0, b"farbfeld", _("a farbfeld picture")),
)
_OTHER_FILES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", _("a PDF document")),
    (0, b"PK\x03\x04", _("a ZIP file or an office document")),
    (0, b"PK\x05\x06", _("a ZIP file or an office document")),
    (0, b"\xd0\xcf\x11\xe0", _("an office document")),
    (0, b"Rar!", _("an archive")),
    (0, b"7z\xbc\xaf\x27\x1c", _("an archive")),
    (0, b"\x1f\x8b", _("an archive")),
    (4, b"ftypM4A", _("a sound file")),
    (4, b"ftyp", _("a video")),
    (4, b"moov", _("a video")),
    (0, b"\x1aE\xdf\xa3", _("a video")),
    (0, b"\x00\x00\x01\xba", _("a video")),
    (0, b"\x00\x00\x01\xb3", _("a video")),
    (0, b"\x30\x26\xb2\x75", _("a video")),
    (0, b"FLV\x01", _("a video")),
    (8, b"AVI ", _("a video")),
    (8, b"WAVE", _("a sound file")),
    (0, b"ID3", _("a sound file")),
    (0, b"OggS", _("a sound file")),
    (0, b"fLaC", _("a sound file")),
)
_HTML = re.compile(rb"<(!doctype html|html|head|body)[\s>]")


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
        # The frames of the traceback would keep the pixels after their memory is released.
        traceback.clear_frames(error.__traceback__)
        raise _build_invalid_image(error, name) from error


def _build_invalid_image(error: Exception, name: str) -> InvalidImage:
    if isinstance(error, NotImplementedError) or _UNSUPPORTED_MESSAGE.search(str(error)):
        return build_unsupported_error(name)
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return InvalidImage("truncated", _("This picture is incomplete: its end is missing. Upload it again."))
    return InvalidImage(
        "damaged", _("This picture is damaged and can't be opened. Save or export it again and upload that.")
    )


def build_unaccepted_error(head: bytes) -> InvalidImage:
    """Return the error for a file of no accepted format, with the code `svg`, `unsupported` or `not_a_picture`."""
    if _is_svg(head):
        return InvalidImage("svg", _("This is an SVG drawing. Export it as PNG and upload that."))
    for offset, magic, what in _UNSUPPORTED_FILES:
        if head.startswith(magic, offset):
            sentence = _("This is %(what)s. Save it as JPEG or PNG and upload that.")
            return InvalidImage("unsupported", sentence, what=what)
    for offset, magic, what in _OTHER_FILES:
        if head.startswith(magic, offset):
            sentence = _("This is %(what)s, not a picture. Upload %(formats)s.")
            return InvalidImage("not_a_picture", sentence, what=what, formats=_ACCEPTED)
    if _HTML.search(_decode_markup(head)):
        sentence = _("This is %(what)s, not a picture. Upload %(formats)s.")
        return InvalidImage("not_a_picture", sentence, what=_("a web page"), formats=_ACCEPTED)
    sentence = _("This file isn't a picture that can be read. Upload %(formats)s.")
    return InvalidImage("not_a_picture", sentence, formats=_ACCEPTED)


def build_unsupported_error(name: str) -> InvalidImage:
    """Return the error for a healthy file of an accepted format whose kind cannot be decoded."""
    sentence = _("This kind of %(name)s file can't be read here. Save it as JPEG or PNG and upload that.")
    return InvalidImage("unsupported", sentence, name=name)


def build_raw_error() -> InvalidImage:
    """Return the error for a raw file without a large preview."""
    sentence = _(
        "This is a camera's raw file without a preview of at least 1,000 pixels of width. "
        "Export it as JPEG and upload that."
    )
    return InvalidImage("unsupported", sentence)


def _is_svg(head: bytes) -> bool:
    text = _decode_markup(head)
    return text.startswith(b"<") and not _HTML.match(text) and re.search(rb"<(\w+:)?svg[\s>/]", text) is not None


def _decode_markup(head: bytes) -> bytes:
    return head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
