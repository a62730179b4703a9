"""File names: what people and browsers send, made safe to store, to show and to use in a header or an archive."""

import pytest

from collections_app.services.library.files import clean_file_name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("rose.png", "rose.png"),
        ("C:\\photos\\rose.png", "rose.png"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie: x=1.png"),
        ("a\ud800.png", "a.png"),
        ("x" * 300, "x" * 255),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("   ", "picture"),
        (" rose.png ", "rose.png"),
        ("", "picture"),
        ("/", "picture"),
        (".", "picture"),
        ("..", "picture"),
        ("a/..", "picture"),
        ("\0", "picture"),
    ],
)
def test_a_file_name_is_the_printable_last_part_of_a_path(name: str, cleaned: str) -> None:
    assert clean_file_name(name) == cleaned
