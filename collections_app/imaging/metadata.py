"""The raw metadata of a picture: EXIF, XMP, IPTC and PNG texts. Broken metadata is ignored."""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, TypeVar, cast

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from .date_text import decode_text
from .errors import DECODE_ERRORS
from .file_parts import read_at
from .formats import HEIF, PNG, TIFF, PictureFormat
from .png_chunks import iterate_png_chunks

# libheif and Pillow's TIFF reader apply the orientation while decoding.
_TURNED_BY_DECODER = (HEIF, TIFF)
_XMP_TAG, _XMP_KEYWORD = 700, "xml:com.adobe.xmp"
_EXIF_KEYWORDS = ("raw profile type exif", "raw profile type app1")
_METADATA_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_MAX_CHUNK_BYTES = 2**22
# The length of the column that stores it.
MAX_CAMERA_LENGTH = 100
_R = TypeVar("_R")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The EXIF tags of the main, photo and GPS directories; IPTC by record and dataset; PNG texts by keyword in lower
    case.
    """

    main: Mapping[int, Any] = field(default_factory=dict)
    photo: Mapping[int, Any] = field(default_factory=dict)
    gps: Mapping[int, Any] = field(default_factory=dict)
    xmp: str = ""
    iptc: Mapping[tuple[int, int], Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def find_camera(metadata: Metadata) -> str:
    """Return maker and model in at most MAX_CAMERA_LENGTH characters; empty if unknown.

    Many models begin with the name of the maker, which then is not repeated.
    """
    make, model = (_clean(metadata.main.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    is_maker_in_model = model and model.lower().startswith(make.lower().split(" ")[0])
    return (model if is_maker_in_model else f"{make} {model}").strip()[:MAX_CAMERA_LENGTH].rstrip()


def _clean(value: Any) -> str:
    """Return a value as one line without control characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in decode_text(value))
    return " ".join(printable.split())


def read_orientation(image: Image.Image, picture_format: PictureFormat) -> int:
    """Return the EXIF orientation, 1 to 8, to apply to the decoded pixels; 1 means none."""
    if picture_format in _TURNED_BY_DECODER:
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODE_ERRORS:
        return 1
    return value if value in range(1, 9) else 1


def read_metadata(image: Image.Image, file: BinaryIO, picture_format: PictureFormat) -> Metadata:
    """Read the metadata of an opened picture, decoded or not. Decodes nothing, and leaves the file where it is.

    `file` is the file that Pillow has opened, so the PNG texts are within Pillow's limits. A TIFF is opened again,
    because Pillow closes its file when it decodes.
    """
    position = file.tell()
    try:
        if picture_format == PNG:
            return _read_png(file)
        if picture_format == TIFF:
            file.seek(0)
            image = Image.open(file, formats=[TIFF.name])
        return _read_blocks(image)
    except DECODE_ERRORS:
        return Metadata()
    finally:
        file.seek(position)


def _read_blocks(image: Image.Image) -> Metadata:
    exif = _read_or(None, image.getexif)
    xmp = image.info.get("xmp") or _read_or(None, lambda: exif and exif.get(_XMP_TAG))
    iptc = _read_or(None, lambda: IptcImagePlugin.getiptcinfo(cast(ImageFile.ImageFile, image)))
    return _build_metadata(exif or Image.Exif(), xmp=_decode_xmp(xmp), iptc=iptc or {})


def _build_metadata(exif: Image.Exif, **others: Any) -> Metadata:
    return Metadata(
        main=_read_tags(lambda: dict(exif)),
        photo=_read_tags(lambda: dict(exif.get_ifd(ExifTags.IFD.Exif))),
        gps=_read_tags(lambda: dict(exif.get_ifd(ExifTags.IFD.GPSInfo))),
        **others,
    )


def _read_tags(read: Callable[[], Mapping[int, Any]]) -> Mapping[int, Any]:
    return _read_or(None, read) or {}


def _read_or(fallback: _T, read: Callable[[], _R]) -> _R | _T:
    """Read one block. A broken one does not hide the others."""
    try:
        return read()
    except DECODE_ERRORS:
        return fallback


def _decode_xmp(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        return ""
    is_wide = value[:64].count(b"\x00") > len(value[:64]) // 4
    return value.decode("utf-16" if is_wide else "utf-8", errors="replace")


def _read_png(file: BinaryIO) -> Metadata:
    texts: dict[str, str] = {}
    exif = Image.Exif()
    for chunk in iterate_png_chunks(file):
        if chunk.name not in _METADATA_CHUNKS or chunk.size > _MAX_CHUNK_BYTES:
            continue
        content = read_at(file, chunk.offset, chunk.size)
        if chunk.name == b"eXIf":
            _load_exif(exif, content)
        elif found := _read_or(None, partial(_read_png_text, chunk.name, content)):
            texts.setdefault(*found)
    for keyword in _EXIF_KEYWORDS:
        if keyword in texts and not exif:
            _load_exif(exif, _decode_raw_profile(texts[keyword]))
    return _build_metadata(exif, xmp=texts.get(_XMP_KEYWORD, ""), texts=texts)


def _load_exif(exif: Image.Exif, content: bytes) -> None:
    _read_or(None, lambda: exif.load(content))


def _read_png_text(kind: bytes, content: bytes) -> tuple[str, str] | None:
    """Return the keyword in lower case and the text, which may be compressed (PNG specification, 11.3.3)."""
    keyword, _, rest = content.partition(b"\x00")
    if kind == b"zTXt":
        rest = _unpack_text(rest[1:])
    elif kind == b"iTXt":
        is_compressed = rest[:1] == b"\x01"
        rest = rest[2:].split(b"\x00", 2)[2]
        rest = _unpack_text(rest) if is_compressed else rest
    return keyword.decode("latin-1").strip().lower(), decode_text(rest)


def _unpack_text(content: bytes) -> bytes:
    return zlib.decompressobj().decompress(content, _MAX_CHUNK_BYTES)


def _decode_raw_profile(text: str) -> bytes:
    """Return the bytes that ImageMagick writes in hexadecimal after a name and a length."""
    digits = re.sub(r"[^0-9a-fA-F]", "", re.sub(r"^\s*\S+\s+\d+\s", "", text))
    return _read_or(b"", lambda: bytes.fromhex(digits))
