"""The sizes in the headers of AV1 and HEVC bitstreams, which pictures in AVIF and HEIC files are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .file_parts import read_at

_HEVC_PARAMETER_SET, _AV1_SEQUENCE_HEADER = 33, 1
_HEADER_BYTES = 256
_MAX_GOLOMB_ZEROS = 32


@dataclass(slots=True)
class _Bits:
    """Reads bits from the most significant on; zeros after the end."""

    data: bytes
    position: int = 0

    def read(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self.data[self.position >> 3] if self.position >> 3 < len(self.data) else 0
            value = value << 1 | byte >> (7 - (self.position & 7)) & 1
            self.position += 1
        return value

    def read_golomb(self) -> int:
        """Read an unsigned Exp-Golomb number (ITU-T H.265, 9.2)."""
        zeros = 0
        while zeros < _MAX_GOLOMB_ZEROS and not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)


def iterate_hevc_parameters(record: bytes) -> Iterator[bytes]:
    """Yield the parameter sets of a configuration record (ISO/IEC 14496-15, 8.3.3.1)."""
    if len(record) < 23:
        return
    position = 23
    for _ in range(record[22]):
        if position + 3 > len(record):
            return
        count = int.from_bytes(record[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count):
            size = int.from_bytes(record[position : position + 2], "big")
            yield record[position + 2 : position + 2 + min(size, _HEADER_BYTES)]
            position += 2 + size


def iterate_hevc_units(file: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    """Yield the beginnings of the units in a part of the file. Each follows its length in 4 bytes."""
    end = offset + size
    while offset < end and len(head := read_at(file, offset, 4 + _HEADER_BYTES)) >= 6:
        yield head[4:]
        offset += 4 + int.from_bytes(head[:4], "big")


def iterate_av1_units(file: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    """Yield the beginnings of the open bitstream units (AV1 specification, 5.3) in a part of the file."""
    end = offset + size
    while offset < end and len(head := read_at(file, offset, _HEADER_BYTES)) >= 2:
        yield head
        length, start = _read_unit_length(head)
        offset += start + (length if head[0] & 2 else end - offset)


def read_av1_size(unit: bytes) -> tuple[int, int] | None:
    """Return the largest size that frames after this sequence header may have (AV1 specification, 5.5).

    A frame of an animation may give its own size in as many bits as the header has for the size. Return None for other
    units.
    """
    if unit[0] >> 3 & 15 != _AV1_SEQUENCE_HEADER:
        return None
    bits = _Bits(unit[_read_unit_length(unit)[1] :])
    bits.read(4)
    is_reduced = bits.read(1)
    if is_reduced:
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    if not is_reduced:
        return 1 << width_bits, 1 << height_bits
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def read_hevc_size(unit: bytes) -> tuple[int, int] | None:
    """Return the size in a sequence parameter set (ITU-T H.265, 7.3.2.2); None for other units."""
    if len(unit) < 2 or unit[0] >> 1 & 63 != _HEVC_PARAMETER_SET:
        return None
    bits = _Bits(unit[2:256].replace(b"\x00\x00\x03", b"\x00\x00"))
    bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1 + 96)
    flags = [(bits.read(1), bits.read(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.read(2 * (8 - sub_layers))
    for has_profile, has_level in flags:
        bits.read(88 * has_profile + 8 * has_level)
    bits.read_golomb()
    if bits.read_golomb() == 3:
        bits.read(1)
    return bits.read_golomb(), bits.read_golomb()


def _read_unit_length(head: bytes) -> tuple[int, int]:
    """Return the length of a unit's body (leb128) and where the body begins."""
    start, length, shift = 2 if head[0] & 4 else 1, 0, 0
    if head[0] & 2:
        for byte in head[start : start + 8]:
            start += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
    return length, start


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits, has_decoder_model = 0, 0
    if bits.read(1):
        bits.read(64)
        if bits.read(1):
            bits.read_golomb()
        has_decoder_model = bits.read(1)
        if has_decoder_model:
            delay_bits = bits.read(5) + 1
            bits.read(42)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if has_decoder_model and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)
