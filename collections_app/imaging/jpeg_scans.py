"""A count of a JPEG's scans (ITU-T T.81, annex B), read before it is decoded."""

import re

# Encoders write about 10. Each scan costs the decoder a walk over all blocks, 0.07 s for 100 megapixels, and a hostile
# file 23 bytes: without a bound a file of one megabyte would decode for the better part of an hour.
MAX_SCANS = 100
# In the data of a scan 0xFF is followed by 0x00 or a restart marker; anything else begins the next segment.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"


def check_scans(data: bytes) -> None:
    """Raise ValueError if the first picture of the file has more than MAX_SCANS scans."""
    scans, position = 0, 2
    while (marker := _MARKER.search(data, position)) and marker[1] != _END_OF_IMAGE:
        scans += marker[1] == _START_OF_SCAN
        if scans > MAX_SCANS:
            raise ValueError("too many scans in a JPEG")
        position = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
