"""The accepted picture formats, and how a file's first bytes tell its format."""

import re
from dataclasses import dataclass

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

HEAD_BYTES = 4096
_ACCEPTED = _("JPEG, PNG, WebP, GIF, AVIF, HEIC, BMP or TIFF")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """An accepted format. `name` is Pillow's; `words` are what people may write after `format:`."""

    name: str
    extension: str
    content_type: str
    words: tuple[str, ...]


JPEG = PictureFormat(name="JPEG", extension=".jpg", content_type="image/jpeg", words=("jpg", "jpeg"))
PNG = PictureFormat(name="PNG", extension=".png", content_type="image/png", words=("png",))
GIF = PictureFormat(name="GIF", extension=".gif", content_type="image/gif", words=("gif",))
WEBP = PictureFormat(name="WEBP", extension=".webp", content_type="image/webp", words=("webp",))
AVIF = PictureFormat(name="AVIF", extension=".avif", content_type="image/avif", words=("avif",))
HEIF = PictureFormat(name="HEIF", extension=".heic", content_type="image/heic", words=("heic", "heif"))
TIFF = PictureFormat(name="TIFF", extension=".tif", content_type="image/tiff", words=("tif", "tiff"))
BMP = PictureFormat(name="BMP", extension=".bmp", content_type="image/bmp", words=("bmp",))

FORMATS = (JPEG, PNG, GIF, WEBP, AVIF, HEIF, TIFF, BMP)
# Pillow's name of a format, as the rows hold it, to its content type.
CONTENT_TYPES = {each.name: each.content_type for each in FORMATS}
# Each word, in lower case, to Pillow's name of the format.
FORMAT_BY_WORD = {word: each.name for each in FORMATS for word in each.words}

_MAGIC: tuple[tuple[bytes, PictureFormat], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II\x2a\x00", TIFF),
    (b"MM\x00\x2a", TIFF),
    (b"II\x2b\x00", TIFF),
    (b"MM\x00\x2b", TIFF),
)
# ISO base media brands (ISO/IEC 23008-12). mif1 and msf1 say only that there are pictures, the others say which kind.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_OPEN_BRANDS = {b"mif1", b"msf1"}
# The possible sizes of the header after the file header. Without this check any text that begins with BM would pass.
_BMP_HEADER_BYTES = {12, 16, 40, 52, 56, 64, 108, 124}

_UNSUPPORTED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"8BPS", _("a Photoshop file")),
    (0, b"gimp xcf", _("a GIMP file")),
    (0, b"\x00\x00\x01\x00", _("an icon file (ICO)")),
    (0, b"icns", _("an icon file (ICNS)")),
    (0, b"\x00\x00\x00\x0cjP  ", _("a JPEG 2000 picture")),
    (0, b"\xff\x4f\xff\x51", _("a JPEG 2000 picture")),
    (0, b"\xff\x0a", _("a JPEG XL picture")),
    (0, b"\x00\x00\x00\x0cJXL ", _("a JPEG XL picture")),
    (0, b"\x76\x2f\x31\x01", _("an OpenEXR picture")),
    (0, b"#?RADIANCE", _("a Radiance HDR picture")),
    (0, b"DDS ", _("a DDS texture")),
    (0, b"qoif", _("a QOI picture")),
    (0, b"FUJIFILMCCD-RAW", _("a camera's raw file")),
    (0, b"IIRO", _("a camera's raw file")),
    (0, b"IIU\x00", _("a camera's raw file")),
    (4, b"ftypcrx ", _("a camera's raw file")),
)
_NOT_PICTURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", _("a PDF document")),
    (0, b"PK\x03\x04", _("a ZIP file or an office document")),
    (4, b"ftyp", _("a video")),
    (0, b"\x1aE\xdf\xa3", _("a video")),
    (8, b"AVI ", _("a video")),
    (8, b"WAVE", _("a sound file")),
    (0, b"ID3", _("a sound file")),
)


def identify_format(head: bytes) -> PictureFormat:
    """Return the format of a file, given its first HEAD_BYTES bytes; the file's name does not matter.

    Raises InvalidImage with the code `svg`, `unsupported` or `not_a_picture`.
    """
    found = _find_format(head)
    if found is None:
        raise _build_error(head)
    return found


def _find_format(head: bytes) -> PictureFormat | None:
    for magic, picture_format in _MAGIC:
        if head.startswith(magic):
            return picture_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return BMP
    return _find_base_media_format(head) if head[4:8] == b"ftyp" else None


def _find_base_media_format(head: bytes) -> PictureFormat | None:
    major = head[8:12]
    if major in _AVIF_BRANDS:
        return AVIF
    if major in _HEIF_BRANDS:
        return HEIF
    if major not in _OPEN_BRANDS:
        return None
    box = head[16 : int.from_bytes(head[:4], "big")]
    compatible = {box[i : i + 4] for i in range(0, len(box), 4)}
    return AVIF if compatible & _AVIF_BRANDS else HEIF


def _build_error(head: bytes) -> InvalidImage:
    if _is_svg(head):
        return InvalidImage("svg", _("This is an SVG drawing. Export it as PNG and upload that."))
    for offset, magic, what in _UNSUPPORTED:
        if head.startswith(magic, offset):
            sentence = _("This is %(what)s. Save it as %(formats)s and upload that.")
            return InvalidImage("unsupported", sentence, what=what, formats=_ACCEPTED)
    for offset, magic, what in _NOT_PICTURES:
        if head.startswith(magic, offset):
            sentence = _("This is %(what)s, not a picture. Upload %(formats)s.")
            return InvalidImage("not_a_picture", sentence, what=what, formats=_ACCEPTED)
    sentence = _("This file isn't a picture that can be read. Upload %(formats)s.")
    return InvalidImage("not_a_picture", sentence, formats=_ACCEPTED)


def _is_svg(head: bytes) -> bool:
    text = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return text.startswith(b"<") and re.search(rb"<(\w+:)?svg[\s>/]", text) is not None
