"""Files of a few hundred bytes that declare gigabytes of pixels."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator

from .pictures import corners_file, draw_corners, sample, write

EDGE = 60_000


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "PNG", _png_declaring(EDGE, EDGE)
    yield "real PNG", _compressed_png(20_000)
    yield "BMP", _patched(corners_file("BMP"), 18, struct.pack("<ii", EDGE, EDGE))
    yield "JPEG", _jpeg()
    yield "GIF screen", _patched(corners_file("GIF"), 6, struct.pack("<HH", EDGE, EDGE))
    yield "GIF first frame", _gif_with_huge_frame()
    yield "WebP", _webp(EDGE, EDGE)
    yield "TIFF", _tiff_declaring(256, 257)
    yield "TIFF tiles", _tiff_declaring(322, 323)
    for name in ("AVIF", "HEIF"):
        # The limits of the decoders lie between these two sizes.
        yield f"{name} of 15,000", _with_spatial_extents(corners_file(name), 15_000)
        yield f"{name} of 60,000", _with_spatial_extents(corners_file(name), EDGE)
    yield "two HEIC", _with_spatial_extents(sample("two.heic"), EDGE)
    yield "TIFF strips", _tiff_with_many_strips(3_000_000)


def large_pictures() -> dict[str, Callable[[], bytes]]:
    """Return builders of complete files that decode to hundreds of megabytes."""
    return {
        "PNG of one column": lambda: png(1, 99_999_999, 1, _compress_rows(bytes(2), 99_999_999)),
        "animated WebP": lambda: _animated_webp(9_999),
        "WebP": lambda: _animated_webp(5_000),
        "PNG": lambda: png(9_000, 9_000, 8, _compress_rows(bytes(9_001), 9_000)),
    }


def _compress_rows(row: bytes, count: int) -> bytes:
    compressor, block = zlib.compressobj(), max(1, 10**6 // len(row))
    full, rest = divmod(count, block)
    blocks = [compressor.compress(row * block) for _ in range(full)]
    return b"".join([*blocks, compressor.compress(row * rest), compressor.flush()])


def _animated_webp(edge: int) -> bytes:
    """Return an animation of two small frames on a large canvas."""
    side = (edge - 1).to_bytes(3, "little")
    picture = corners_file("WEBP").getvalue()[12:]
    frame = bytes(6) + (63).to_bytes(3, "little") + (47).to_bytes(3, "little") + bytes(4) + picture
    chunks = [(b"VP8X", b"\x02" + bytes(3) + side + side), (b"ANIM", bytes(6)), (b"ANMF", frame), (b"ANMF", frame)]
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(content)) + content for name, content in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _patched(file: io.BytesIO, offset: int, value: bytes) -> bytes:
    data = bytearray(file.getvalue())
    data[offset : offset + len(value)] = value
    return bytes(data)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int, body: bytes, *, colour_type: int = 0) -> bytes:
    """Return a PNG of rows that are already filtered and compressed."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _png_declaring(width: int, height: int) -> bytes:
    return png(width, height, 8, zlib.compress(bytes(1000)))


def _compressed_png(edge: int) -> bytes:
    """Return a complete black picture, `edge` by `edge` pixels of one bit, in about 50 kB."""
    compressor = zlib.compressobj()
    row = bytes(1 + edge // 8)
    body = b"".join(compressor.compress(row * 100) for _ in range(edge // 100)) + compressor.flush()
    return png(edge, edge, 1, body)


def _jpeg() -> bytes:
    file = corners_file("JPEG")
    return _patched(file, file.getvalue().index(b"\xff\xc0") + 5, struct.pack(">HH", EDGE, EDGE))


def _gif_with_huge_frame() -> bytes:
    """Return a GIF with a small screen and a huge frame, for which Pillow would allocate memory while opening."""
    data = write(draw_corners(), "GIF").getvalue()
    frame = data.index(b",\x00\x00\x00\x00")
    control = b"!\xf9\x04\x08\x00\x00\x00\x00"
    huge = b"," + struct.pack("<HHHH", 0, 0, EDGE, EDGE)
    return data[:frame] + control + huge + data[frame + 9 :]


def _webp(width: int, height: int) -> bytes:
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = corners_file("WEBP").getvalue()[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _with_spatial_extents(file: io.BytesIO, edge: int) -> bytes:
    data = bytearray(file.getvalue())
    start = data.find(b"ispe")
    while start >= 0:
        data[start + 8 : start + 16] = struct.pack(">II", edge, edge)
        start = data.find(b"ispe", start + 4)
    return bytes(data)


def _tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"") -> bytes:
    body = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    return b"II*\x00" + struct.pack("<LH", 8, len(entries)) + body + struct.pack("<L", 0) + tail


def _tiff_declaring(width_tag: int, height_tag: int) -> bytes:
    base = [(256, 4, 1, 64), (257, 4, 1, 48), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1), (277, 3, 1, 1)]
    entries = [entry for entry in base if entry[0] not in (width_tag, height_tag)]
    entries += [(width_tag, 4, 1, EDGE), (height_tag, 4, 1, EDGE)]
    place = [(324, 4, 1, 8), (325, 4, 1, 100)] if width_tag == 322 else [(273, 4, 1, 8), (279, 4, 1, 100)]
    return _tiff(entries + place)


def _tiff_with_many_strips(strips: int) -> bytes:
    """Return a TIFF with a strip for each row; Pillow would make gigabytes of tuples of the list of strips."""
    entries = [(256, 4, 1, 8), (257, 4, 1, strips), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]
    start = 8 + 2 + 12 * (len(entries) + 2) + 4
    return _tiff([*entries, (273, 4, strips, start), (278, 4, 1, 1)], bytes(4 * strips))
