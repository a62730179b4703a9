"""The fingerprint of a file."""

import hashlib
import io

from collections_app.imaging import checksum


def test_it_is_the_sha256_of_the_whole_file_from_wherever_the_file_stands() -> None:
    data = bytes(range(256)) * 10_000
    file = io.BytesIO(data)
    file.seek(77)
    assert checksum(file) == hashlib.sha256(data).hexdigest()
    assert file.tell() == 0
