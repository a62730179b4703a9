"""The sizes in the headers of AV1 and HEVC bitstreams, which pictures in AVIF and HEIC files are made of."""

from dataclasses import dataclass

_HEVC_PARAMETER_SET = 33
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


def read_av1_size(data: bytes) -> tuple[int, int]:
    """Return the largest size that frames after this sequence header may have (AV1 specification, 5.5).

    A frame of an animation may give its own size in as many bits as the header has for the size.
    """
    bits = _Bits(data)
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
