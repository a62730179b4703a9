"""The sheet of results."""

import pytest
from PIL import Image

from collections_app.imaging import draw_contact_sheet

from .pictures import colour_at


def test_pictures_stand_in_rows_of_five() -> None:
    colours = [(200, 40 * i, 0) for i in range(6)]
    sheet = draw_contact_sheet(Image.new("RGB", (30, 20), colour) for colour in colours)
    assert (sheet.size, sheet.mode) == ((750, 300), "RGB")
    assert [colour_at(sheet, (75 + 150 * i, 75)) for i in range(5)] == colours[:5]
    assert colour_at(sheet, (75, 225)) == colours[5]
    assert colour_at(sheet, (225, 225)) == (255, 255, 255)


def test_fewer_than_five_are_fine() -> None:
    assert draw_contact_sheet([Image.new("RGB", (9, 9))]).size == (750, 150)


def test_nothing_is_distorted() -> None:
    picture = Image.new("RGB", (400, 100), "red")
    picture.paste("blue", (175, 25, 225, 75))
    sheet = draw_contact_sheet([picture], columns=1, cell_px=100)
    assert [colour_at(sheet, point) for point in ((50, 50), (50, 10), (10, 50))] == [
        (0, 0, 255),
        (255, 0, 0),
        (255, 0, 0),
    ]


def test_no_picture_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        draw_contact_sheet([])
