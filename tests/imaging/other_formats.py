"""The picture of `draw_corners` in the formats that browsers do not show."""

import struct

import numpy as np

from .pictures import draw_corners, write


def _psd() -> bytes:
    planes = b"".join(draw_corners().getchannel(index).tobytes() for index in range(3))
    return b"8BPS" + struct.pack(">H6xHIIHHIIIH", 1, 3, 48, 64, 8, 3, 0, 0, 0, 0) + planes


def _pnm_files() -> dict[str, bytes]:
    levels = np.asarray(draw_corners())
    transparent = np.dstack([levels, np.full((48, 64), 255, np.uint8)])
    words = b" ".join(str(level).encode() for level in levels.ravel())
    pam = b"P7\nWIDTH 64\nHEIGHT 48\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    return {
        "PNM P3": b"P3\n# a comment\n64 48\n255\n" + words,
        "PNM P6": b"P6 64 48 255\n" + levels.tobytes(),
        "PNM P6 of 16 bits": b"P6 64 48 65535\n" + (levels.astype(">u2") * 257).tobytes(),
        "PNM P7": pam + transparent.tobytes(),
        "PNM PF": b"PF\n64 48\n-1.0\n" + (levels[::-1].astype("<f4") / 255).tobytes(),
    }


OTHER_FORMATS = {
    "JPEG2000": write(draw_corners(), "JPEG2000").getvalue(),
    "JPEG2000 codestream": write(draw_corners(), "JPEG2000", no_jp2=True).getvalue(),
    "TGA": write(draw_corners(), "TGA").getvalue(),
    "TGA packed": write(draw_corners(), "TGA", rle=True).getvalue(),
    "PCX": write(draw_corners(), "PCX").getvalue(),
    "ICO": write(draw_corners(), "ICO", sizes=[(64, 48)]).getvalue(),
    "ICO bitmap": write(draw_corners(), "ICO", sizes=[(64, 48)], bitmap_format="bmp").getvalue(),
    "QOI": write(draw_corners(), "QOI").getvalue(),
    "DDS": write(draw_corners(), "DDS").getvalue(),
    "PSD": _psd(),
    **_pnm_files(),
}
