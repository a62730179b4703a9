"""Raw files of cameras, shown by their largest embedded JPEG."""

import io
import struct
from datetime import datetime

import pytest
from PIL import ExifTags, Image

from collections_app.errors import InvalidImage
from collections_app.imaging import inspect_picture, open_picture

from .pictures import BLUE, GREEN, LIMITS, PALE, RED, all_close, corner_colours, draw_corners, write

Entry = tuple[int, int, int, int]


def make_jpeg(width: int, height: int) -> bytes:
    return write(draw_corners(width, height), "JPEG", quality=90).getvalue()


def make_directory(entries: list[Entry]) -> bytes:
    body = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + body + struct.pack("<L", 0)


def make_raw(
    *previews: bytes, make: bytes = b"", dng: bool = True, orientation: int = 1, signature: bytes = b""
) -> bytes:
    """Return a file like a camera's: a small first page, the sensor's data below it, and JPEGs anywhere."""
    thumbnail, sensor, text = bytes(16 * 12 * 3), make_jpeg(2000, 1500), make.ljust(8, b"\x00")
    moment = b"2021:02:03 04:05:06\x00"
    start = 16
    places = {}
    for name, content in (("text", text), ("moment", moment), ("thumbnail", thumbnail), ("sensor", sensor)):
        places[name] = start
        start += len(content) + len(content) % 2
    details = make_directory([(36867, 2, len(moment), places["moment"])])
    below = make_directory(
        [
            *((256, 3, 1, 2000), (257, 3, 1, 1500), (258, 3, 1, 8), (259, 3, 1, 7), (262, 3, 1, 32803)),
            *((273, 4, 1, places["sensor"]), (277, 3, 1, 1), (278, 3, 1, 1500), (279, 4, 1, len(sensor))),
        ]
    )
    first = [
        *((256, 3, 1, 16), (257, 3, 1, 12), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (274, 3, 1, orientation)),
        *((273, 4, 1, places["thumbnail"]), (277, 3, 1, 3), (278, 3, 1, 12), (279, 4, 1, len(thumbnail))),
        *((271, 2, 8, places["text"]), (330, 4, 1, start), (34665, 4, 1, start + len(below))),
    ]
    if dng:
        first.append((50706, 1, 4, 0x00000401))
    contents = b"".join(each + bytes(len(each) % 2) for each in (text, moment, thumbnail, sensor))
    head = b"II*\x00" + struct.pack("<L", start + len(below) + len(details))
    return head + signature.ljust(8, b"\x00") + contents + below + details + make_directory(first) + b"".join(previews)


def test_largest_preview_of_a_dng_is_shown_upright_with_the_date_of_the_raw_file() -> None:
    file = io.BytesIO(make_raw(make_jpeg(320, 240), make_jpeg(1200, 900), orientation=6))
    info = inspect_picture(file, LIMITS)
    assert (info.format, info.extension, info.width, info.height) == ("DNG raw", ".dng", 900, 1200)
    assert info.taken_at == datetime(2021, 2, 3, 4, 5, 6)
    picture = open_picture(file)
    assert picture.size == (900, 1200)
    assert all_close(corner_colours(picture), [BLUE, RED, PALE, GREEN], 16)
    assert open_picture(file, max_edge_px=100).size == (75, 100)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("NEF raw", make_raw(make_jpeg(1200, 900), make=b"NIKON", dng=False)),
        ("ARW raw", make_raw(make_jpeg(1200, 900), make=b"SONY", dng=False)),
        ("PEF raw", make_raw(make_jpeg(1200, 900), make=b"PENTAX", dng=False)),
        ("CR2 raw", make_raw(make_jpeg(1200, 900), make=b"Canon", dng=False, signature=b"CR")),
        ("TIFF raw", make_raw(make_jpeg(1200, 900), make=b"Leaf", dng=False)),
        ("RAF raw", b"FUJIFILMCCD-RAW 0201" + bytes(80) + make_jpeg(1200, 900) + bytes(500)),
        ("ORF raw", b"IIRO\x08\x00\x00\x00" + bytes(80) + make_jpeg(1200, 900) + bytes(500)),
        ("RW2 raw", b"IIU\x00\x08\x00\x00\x00" + bytes(80) + make_jpeg(1200, 900) + bytes(500)),
        ("CR3 raw", b"\x00\x00\x00\x18ftypcrx " + bytes(80) + make_jpeg(1200, 900) + bytes(500)),
    ],
)
def test_raw_files_are_recognised_and_shown_by_their_preview(name: str, data: bytes) -> None:
    file = io.BytesIO(data)
    info = inspect_picture(file, LIMITS)
    assert (info.format, info.width, info.height) == (name, 1200, 900)
    assert all_close(corner_colours(open_picture(file)), [RED, GREEN, BLUE, PALE], 16)


@pytest.mark.parametrize(
    "data",
    [
        make_raw(),
        make_raw(make_jpeg(999, 999)),
        make_raw(make_jpeg(640, 480), make=b"NIKON", dng=False),
        b"FUJIFILMCCD-RAW 0201" + bytes(500),
    ],
)
def test_raw_file_without_a_large_preview_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage, match="raw file without a preview of at least 1,000 pixels") as caught:
        inspect_picture(io.BytesIO(data), LIMITS)
    assert caught.value.code == "unsupported"


def test_damaged_preview_is_refused() -> None:
    data = make_raw(make_jpeg(1200, 900))
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(io.BytesIO(data[:-2000]), LIMITS)
    assert caught.value.code == "truncated"


def test_an_ordinary_tiff_of_a_camera_is_a_tiff() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "NIKON"
    for options in ({}, {"compression": "jpeg"}):
        file = write(draw_corners(1200, 900), "TIFF", exif=exif, **options)
        assert inspect_picture(file, LIMITS).format == "TIFF"
