"""Decoding of an accepted file to the pixels to display: upright, in sRGB, on white."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    DdsImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PsdImagePlugin,
    QoiImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from .colours import build_mode_reducer, convert_to_srgb, flatten_transparency
from .errors import translate_decode_errors
from .formats import BMP, DDS, ICO, PNM, TGA, TIFF, PictureFormat
from .memory_budget import MAX_BYTES, reserve_memory
from .metadata import read_orientation
from .pnm import decode_pnm
from .prescan import identify_format, scan_picture
from .scan import Scan, compute_raster_bytes
from .thumbnails import compute_thumbnail_size, convert_in_strips, shrink_to_fit

# Pillow's limit is global and warns long before it raises; inspection.py checks the pixels instead.
Image.MAX_IMAGE_PIXELS = None
# malloc gives blocks above 32 MB back to the system at once. It keeps smaller ones for the thread that freed them, so
# eight threads would hold several pictures after decoding one each.
Image.core.set_block_size(64 * 2**20)  # type: ignore[attr-defined]
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

# Image.open tries several readers and hides their errors, so each format's own reader is called.
_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "HEIF": pi_heif.HeifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "ICO": IcoImagePlugin.IcoImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "TGA": TgaImagePlugin.TgaImageFile,
    "PCX": PcxImagePlugin.PcxImageFile,
    "PSD": PsdImagePlugin.PsdImageFile,
    "QOI": QoiImagePlugin.QoiImageFile,
    "DDS": DdsImagePlugin.DdsImageFile,
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Formats where a fourth channel of zeros means that the channel is unused.
_MAY_LACK_ALPHA = (BMP, ICO, TGA, TIFF, DDS)
# These readers keep their decoder's buffers as long as the picture exists.
_HOLDING_READERS = ("WEBP", "AVIF", "HEIF")
_DRAFT_DIVISORS = (1, 2, 4, 8)
# A JPEG is decoded to at least this many times the wanted edge: photos of 12 and 24 megapixels at a half and a quarter
# for the model's input. With REDUCING_GAP it would be the full size and a half, which takes two to three times as long.
_DRAFT_GAP = 1.4
# For each pixel of the result: converted, rotated, and a copy while it is encoded.
_RESULT_BYTES_PER_PIXEL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """`divisor` is the fraction at which a JPEG is decoded; `edge_px` the longest edge of the result."""

    divisor: int
    edge_px: int
    byte_count: int


def open_picture(file: BinaryIO, *, max_edge_px: int | None = None) -> Image.Image:
    """Return the first frame as displayed: 8-bit RGB in sRGB, transparency on white, without metadata.

    With `max_edge_px` the size is `compute_thumbnail_size(width, height, max_edge_px)`, and a large JPEG is decoded at
    a fraction of its size. A picture whose result would not fit in the memory budget becomes smaller. Call this only
    for files that inspect_picture has accepted: it checks no limits. The file is left at 0.

    Raises InvalidImage.
    """
    with hold_picture(file, max_edge_px=max_edge_px) as picture:
        return picture


@contextmanager
def hold_picture(file: BinaryIO, *, max_edge_px: int | None = None) -> Iterator[Image.Image]:
    """Decode like open_picture, and keep the memory reserved until the block ends: for large results."""
    try:
        picture_format = identify_format(file)
        with translate_decode_errors(picture_format.name):
            scan = scan_picture(file, picture_format, max_frames=1)
        plan = _make_plan(scan, picture_format, max_edge_px)
        with reserve_memory(plan.byte_count):
            with translate_decode_errors(picture_format.name):
                picture = _decode(scan, picture_format, plan)
            yield picture
    finally:
        file.seek(0)


def open_lazily(scan: Scan, picture_format: PictureFormat) -> Image.Image:
    """Return Pillow's picture. Call this within the memory budget: some readers decode while they open.

    Raises ValueError if the reader finds a larger picture than the scan, for which no memory is reserved.
    """
    scan.file.seek(0)
    if picture_format == PNM:
        return decode_pnm(scan.file)
    image = _READERS[picture_format.reader](scan.file, "")
    if compute_raster_bytes(*image.size) > scan.decode_bytes:
        raise ValueError("the picture is larger than its header says")
    if scan.exif:
        image.info["exif"] = scan.exif
    return image


def load_pixels(image: Image.Image, scan: Scan, *, divisor: int = 1) -> Image.Image:
    """Decode a picture that was opened lazily. Call this within the memory budget."""
    if divisor > 1 and isinstance(image, ImageFile.ImageFile):
        image.draft(None, (max(1, image.width // divisor), max(1, image.height // divisor)))
    image.load()
    return image.crop(scan.crop) if scan.crop and _is_within(scan.crop, image.size) else image


def orient_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return the displayed size: EXIF orientations 5 to 8 swap width and height."""
    return (size[1], size[0]) if orientation >= 5 else size


def compute_draft_bytes(scan: Scan, divisor: int) -> int:
    """Return the memory that decoding at a fraction of the size takes."""
    width, height = scan.largest
    return scan.codec_bytes + compute_raster_bytes(width // divisor + 1, height // divisor + 1)


def _is_within(crop: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    return crop[2] <= size[0] and crop[3] <= size[1]


def _make_plan(scan: Scan, picture_format: PictureFormat, max_edge_px: int | None) -> _Plan:
    """Return the largest result up to `max_edge_px` that fits in the memory budget."""
    full_edge = max(scan.largest)
    edge_px = full_edge if max_edge_px is None else max_edge_px
    while True:
        for divisor in _list_divisors(scan, picture_format, edge_px):
            plan = _plan_result(scan, picture_format, divisor, min(edge_px, -(-full_edge // divisor)))
            if plan.byte_count <= MAX_BYTES or edge_px <= 1:
                return plan
        edge_px //= 2


def _list_divisors(scan: Scan, picture_format: PictureFormat, edge_px: int) -> list[int]:
    """Return the fractions at which to decode, the preferred one first: only JPEGs have any but 1."""
    if picture_format.reader != "JPEG":
        return [1]
    wanted = max(scan.largest) / edge_px / _DRAFT_GAP
    preferred = max(each for each in _DRAFT_DIVISORS if each <= max(1, wanted))
    return [each for each in _DRAFT_DIVISORS if each >= preferred]


def _plan_result(scan: Scan, picture_format: PictureFormat, divisor: int, edge_px: int) -> _Plan:
    width, height = compute_thumbnail_size(*scan.largest, edge_px)
    raster_bytes = compute_draft_bytes(scan, divisor) - scan.codec_bytes
    # _decode frees the buffers of _HOLDING_READERS before it makes the result, but not those of a JPEG.
    held_bytes = scan.codec_bytes if picture_format.reader == "JPEG" else 0
    result_bytes = width * height * _RESULT_BYTES_PER_PIXEL
    byte_count = raster_bytes + max(scan.codec_bytes, held_bytes + result_bytes)
    return _Plan(divisor=divisor, edge_px=edge_px, byte_count=byte_count)


def _decode(scan: Scan, picture_format: PictureFormat, plan: _Plan) -> Image.Image:
    image = load_pixels(open_lazily(scan, picture_format), scan, divisor=plan.divisor)
    orientation = read_orientation(image, picture_format)
    profile = image.info.get("icc_profile")
    if picture_format.reader in _HOLDING_READERS:
        image = image.copy()
    # A reduced JPEG has been rounded up. Other decoders may know the true size only after decoding.
    full = (scan.width, scan.height) if plan.divisor > 1 else image.size
    size = compute_thumbnail_size(*full, plan.edge_px)
    reduce_mode = build_mode_reducer(image, may_lack_alpha=picture_format in _MAY_LACK_ALPHA)

    def convert(part: Image.Image) -> Image.Image:
        return flatten_transparency(convert_to_srgb(part, profile))

    if image.size == size:
        picture = convert_in_strips(image, size, lambda part: convert(reduce_mode(part)))
    else:  # The picture is shrunk before its profile is applied, so fewer pixels are converted.
        picture = convert(shrink_to_fit(convert_in_strips(image, size, reduce_mode), size))
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    picture.info.clear()
    return picture
