"""The date when a picture was taken: from which metadata, and in which forms."""

import io
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from collections_app import imaging
from collections_app.imaging import inspect_picture

from .pictures import LIMITS, draw_corners, write

MORNING = datetime(2013, 5, 6, 7, 8, 9)
_Base, _GPS = ExifTags.Base, ExifTags.GPS


def make_exif(main: dict[int, Any] | None = None, photo: dict[int, Any] | None = None, gps: Any = None) -> Image.Exif:
    exif = Image.Exif()
    exif[_Base.Make] = "Camera"
    exif.update(main or {})
    exif.get_ifd(ExifTags.IFD.Exif).update(photo or {})
    if gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return exif


def make_picture(moment: str | bytes) -> io.BytesIO:
    """Write a JPEG with this DateTimeOriginal."""
    return write(draw_corners(), "JPEG", exif=make_exif(photo={_Base.DateTimeOriginal: moment}))


def make_xmp(name: str, value: str, *, is_element: bool = True) -> bytes:
    body = f"><{name}>{value}</{name}></rdf:Description>" if is_element else f' {name}="{value}"/>'
    return (
        '<?xpacket begin="\ufeff"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'
        f'<rdf:Description rdf:about=""{body}</rdf:RDF></x:xmpmeta>'
    ).encode()


def make_png(*texts: tuple[str, str], is_compressed: bool = False) -> io.BytesIO:
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts:
        info.add_text(keyword, text, zip=is_compressed)
    return write(draw_corners(), "PNG", pnginfo=info)


def make_iptc(*datasets: tuple[int, int, bytes]) -> bytes:
    packed = b"".join(struct.pack(">BBBH", 0x1C, record, number, len(text)) + text for record, number, text in datasets)
    return b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(packed)) + packed + b"\0" * (len(packed) % 2)


def add_segment(file: io.BytesIO, marker: int, content: bytes) -> io.BytesIO:
    """Return the JPEG with one more segment at its beginning."""
    whole = file.getvalue()
    return io.BytesIO(whole[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + whole[2:])


def date_of(file: io.BytesIO) -> datetime | None:
    """Return the date that an upload gets."""
    return inspect_picture(file, LIMITS).taken_at


IPTC = add_segment(
    write(draw_corners(), "JPEG"),
    0xED,
    b"Photoshop 3.0\x00" + make_iptc((2, 55, b"20130506"), (2, 60, b"070809+0200")),
)
SOURCES = {
    "original": make_picture("2013:05:06 07:08:09"),
    "digitized": write(draw_corners(), "JPEG", exif=make_exif(photo={_Base.DateTimeDigitized: "2013:05:06 07:08:09"})),
    "changed": write(draw_corners(), "JPEG", exif=make_exif({_Base.DateTime: "2013:05:06 07:08:09"})),
    "original among the main tags": write(
        draw_corners(), "JPEG", exif=make_exif({_Base.DateTimeOriginal: "2013:05:06 07:08:09"})
    ),
    "position": write(
        draw_corners(),
        "JPEG",
        exif=make_exif(gps={_GPS.GPSDateStamp: "2013:05:06", _GPS.GPSTimeStamp: (7.0, 8.0, 9.0)}),
    ),
    "xmp of exif": write(draw_corners(), "JPEG", xmp=make_xmp("exif:DateTimeOriginal", "2013-05-06T07:08:09")),
    "xmp of photoshop": write(draw_corners(), "JPEG", xmp=make_xmp("photoshop:DateCreated", "2013-05-06T07:08:09")),
    "xmp attribute": write(
        draw_corners(), "JPEG", xmp=make_xmp("xmp:CreateDate", "2013-05-06T07:08:09", is_element=False)
    ),
    "xmp in webp": write(draw_corners(), "WEBP", xmp=make_xmp("xmp:CreateDate", "2013-05-06T07:08:09")),
    "xmp in avif": write(draw_corners(), "AVIF", xmp=make_xmp("xmp:CreateDate", "2013-05-06T07:08:09")),
    "iptc": IPTC,
    "png text": make_png(("Creation Time", "2013:05:06 07:08:09")),
    "png text of mail": make_png(("Creation Time", "Mon, 06 May 2013 07:08:09 GMT")),
    "png text of C": make_png(("creation time", "Mon May  6 07:08:09 2013")),
    "png text of ImageMagick": make_png(("date:create", "2013-05-06T07:08:09+00:00")),
    "compressed png text": make_png(("Creation Time", "2013-05-06 07:08:09"), is_compressed=True),
}


@pytest.mark.parametrize("source", SOURCES)
def test_date_is_read_from_every_kind_of_metadata(source: str) -> None:
    taken_at = date_of(SOURCES[source])
    assert taken_at is not None
    assert taken_at.replace(tzinfo=None) == MORNING


@pytest.mark.parametrize("source", SOURCES)
def test_stored_file_gives_the_same_date_without_being_decoded(source: str) -> None:
    file = SOURCES[source]
    assert imaging.read_picture_date(file) == inspect_picture(file, LIMITS).taken


def test_date_is_read_from_the_xmp_of_a_png() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", make_xmp("photoshop:DateCreated", "2013-05-06T07:08:09").decode())
    assert date_of(write(draw_corners(), "PNG", pnginfo=info)) == MORNING


@pytest.mark.parametrize("tag", [700, ExifTags.IFD.Exif])
def test_date_is_read_from_a_tiff(tag: int) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    xmp = make_xmp("xmp:CreateDate", "2013-05-06T07:08:09")
    tags[tag] = xmp if tag == 700 else {_Base.DateTimeDigitized: "2013:05:06 07:08:09"}
    if tag == 700:
        tags.tagtype[tag] = 1
    assert date_of(write(draw_corners(), "TIFF", tiffinfo=tags)) == MORNING


def test_png_text_behind_the_pixels_is_read() -> None:
    whole = write(draw_corners(), "PNG").getvalue()
    content = b"tEXtCreation Time\x002013:05:06 07:08:09"
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    assert date_of(io.BytesIO(whole[:-12] + chunk + whole[-12:])) == MORNING


def test_order_of_sources_decides() -> None:
    exif = make_exif(
        {_Base.DateTime: "2020:01:01 00:00:01"},
        {_Base.DateTimeOriginal: "2013:05:06 07:08:09", _Base.DateTimeDigitized: "2019:01:01 00:00:01"},
    )
    xmp = make_xmp("exif:DateTimeOriginal", "2018-01-01T00:00:01")
    assert date_of(write(draw_corners(), "JPEG", exif=exif, xmp=xmp)) == MORNING


@pytest.mark.parametrize(
    "empty",
    [
        *("0000:00:00 00:00:00", "    :  :     :  :  ", "", "1970:01:01 00:00:00", "1970:01:01 01:00:00"),
        *("1904:01:01 00:00:00", "1980:01:01 00:00:00", "2013:13:01 07:08:09", "2013:02:30 07:08:09"),
        *("2013:05:06 25:00:00", "2999:01:01 00:00:00", "1825:12:31 23:59:59", "0001:01:01 00:00:00", "yesterday"),
    ],
)
def test_zero_and_impossible_dates_are_skipped_for_the_next_source(empty: str) -> None:
    assert date_of(make_picture(empty)) is None
    exif = make_exif({_Base.DateTime: "2013:05:06 07:08:09"}, {_Base.DateTimeOriginal: empty})
    assert date_of(write(draw_corners(), "JPEG", exif=exif)) == MORNING


@pytest.mark.parametrize(
    "text",
    [
        *("2013:05:06 07:08:09", "2013-05-06 07:08:09", "2013/05/06 07:08:09", "2013.05.06 07.08.09"),
        *("2013-05-06T07:08:09", "2013:5:6 7:8:9", "2013: 5: 6  7:08:09", "20130506 070809", "20130506T070809"),
        *(
            "2013:05:06 07:08:09\x00\x00",
            "  2013:05:06 07:08:09  ",
            "2013:05:06 07:08:09\x00junk",
            "06.05.2013 07:08:09",
        ),
        *("2013:05:06 07:08:09 AM", "2013-05-06 07-08-09"),
    ],
)
def test_date_is_read_in_every_usual_form(text: str) -> None:
    assert date_of(make_picture(text)) == MORNING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013:05:06 07:08", datetime(2013, 5, 6, 7, 8)),
        ("2013:05:06 24:08:09", datetime(2013, 5, 6, 0, 8, 9)),
        ("2013:05:06 07:08:60", datetime(2013, 5, 6, 7, 8, 59)),
        ("2013:05:06 07:08:09 PM", datetime(2013, 5, 6, 19, 8, 9)),
        ("2013:05:06 07:08:09.25", datetime(2013, 5, 6, 7, 8, 9, 250_000)),
        ("2013:05:06 07:08:09Z", datetime(2013, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2013:05:06 07:08:09+09:00", datetime(2013, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=9)))),
        ("2013:05:06 07:08:09-0530", datetime(2013, 5, 6, 7, 8, 9, tzinfo=timezone(-timedelta(hours=5.5)))),
        ("2013:05:06 07:08-05:00", datetime(2013, 5, 6, 7, 8, tzinfo=timezone(-timedelta(hours=5)))),
    ],
)
def test_seconds_fractions_and_offsets_are_optional(text: str, expected: datetime) -> None:
    taken_at = date_of(make_picture(text))
    assert taken_at == expected
    assert taken_at is not None
    assert taken_at.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize("text", ["2013:05:06", "2013-05-06", "20130506", "2013:05:06   :  :  "])
def test_date_without_a_time_is_a_day(text: str) -> None:
    taken = inspect_picture(make_picture(text), LIMITS).taken
    assert taken is not None
    assert (taken.value, taken.has_time) == (datetime(2013, 5, 6), False)


def test_time_of_a_later_source_completes_the_same_day() -> None:
    exif = make_exif({_Base.DateTime: "2013:05:06 07:08:09"}, {_Base.DateTimeOriginal: "2013:05:06"})
    assert date_of(write(draw_corners(), "JPEG", exif=exif)) == MORNING
    other = make_exif({_Base.DateTime: "2014:05:06 07:08:09"}, {_Base.DateTimeOriginal: "2013:05:06"})
    assert date_of(write(draw_corners(), "JPEG", exif=other)) == datetime(2013, 5, 6)


def test_fraction_and_offset_are_read_from_tags_of_their_own() -> None:
    photo: dict[int, Any] = {
        _Base.DateTimeOriginal: "2013:05:06 07:08:09",
        _Base.SubsecTimeOriginal: "045",
        _Base.OffsetTimeOriginal: "+09:00",
    }
    file = write(draw_corners(), "JPEG", exif=make_exif(photo=photo))
    assert date_of(file) == datetime(2013, 5, 6, 7, 8, 9, 45_000, tzinfo=timezone(timedelta(hours=9)))


@pytest.mark.parametrize(("hour", "minutes"), [(22, 540), (12, -300), (7, 0)], ids=["east", "west", "at Greenwich"])
def test_offset_is_derived_from_the_time_of_the_position(hour: int, minutes: int) -> None:
    day = "2013:05:05" if hour == 22 else "2013:05:06"
    gps = {_GPS.GPSDateStamp: day, _GPS.GPSTimeStamp: (float(hour), 7.0, 30.0)}
    exif = make_exif(photo={_Base.DateTimeOriginal: "2013:05:06 07:08:09"}, gps=gps)
    taken_at = date_of(write(draw_corners(), "JPEG", exif=exif))
    assert taken_at is not None
    assert taken_at.replace(tzinfo=None) == MORNING
    assert taken_at.utcoffset() == timedelta(minutes=minutes)


def test_position_of_another_time_gives_no_offset() -> None:
    gps = {_GPS.GPSDateStamp: "2013:05:06", _GPS.GPSTimeStamp: (3.0, 20.0, 0.0)}
    exif = make_exif(photo={_Base.DateTimeOriginal: "2013:05:06 07:08:09"}, gps=gps)
    taken_at = date_of(write(draw_corners(), "JPEG", exif=exif))
    assert taken_at == MORNING


def break_exif() -> io.BytesIO:
    return write(draw_corners(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f garbage")


def break_xmp() -> io.BytesIO:
    return write(draw_corners(), "JPEG", xmp=b"\xff\xfe<exif:DateTimeOriginal>\xd8\x00" + b"&" * 99)


def break_iptc() -> io.BytesIO:
    return add_segment(write(draw_corners(), "JPEG"), 0xED, b"Photoshop 3.0\x00" + make_iptc((2, 55, b"\xff" * 9))[:-4])


def break_png_text() -> io.BytesIO:
    whole = write(draw_corners(), "PNG").getvalue()
    content = b"zTXtCreation Time\x00\x00not compressed"
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return io.BytesIO(whole[:-12] + chunk + whole[-12:])


def break_position() -> io.BytesIO:
    gps = {_GPS.GPSDateStamp: "2013:05:06", _GPS.GPSTimeStamp: (99.0, 99.0, float("inf"))}
    return write(draw_corners(), "JPEG", exif=make_exif(gps=gps))


@pytest.mark.parametrize("make", [break_exif, break_xmp, break_iptc, break_png_text, break_position])
def test_broken_metadata_refuse_no_picture(make: Callable[[], io.BytesIO]) -> None:
    assert date_of(make()) is None
