"""Dates in the names of files."""

from datetime import datetime

import pytest

from collections_app.imaging import read_date_in_name

MORNING = datetime(2013, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    "name",
    [
        *("20130506_070809.jpg", "IMG_20130506_070809.jpg", "IMG20130506070809.jpg", "20130506070809"),
        *("IMG_20130506_070809~2.jpg", "IMG_20130506_070809_1.jpg", "Screenshot_20130506-070809_Chrome.png"),
        *("2013-05-06 07.08.09.jpg", "2013-05-06 07.08.09", "Screenshot_2013-05-06-07-08-09.png"),
        *("signal-2013-05-06-070809.jpg", "photo_2013-05-06_07-08-09.jpg", "2013-05-06T07:08:09.jpg"),
        *("WhatsApp Image 2013-05-06 at 7.08.09 AM.jpeg", "WhatsApp Image 2013-05-06 at 07.08.09 (1).jpeg"),
        *("Bildschirmfoto 2013-05-06 um 07.08.09.png", "Снимок экрана 2013-05-06 в 07.08.09.png"),
        *("Screen Shot 2013-05-06 at 7.08.09\N{NARROW NO-BREAK SPACE}AM.png", "trip\\2013_05_06_07_08_09.jpg"),
    ],
)
def test_date_and_time_are_read_from_usual_names(name: str) -> None:
    taken = read_date_in_name(name)
    assert taken is not None
    assert (taken.value, taken.has_time) == (MORNING, True)


def test_thousandths_and_afternoons_are_read() -> None:
    pixel = read_date_in_name("PXL_20210203_040506789.jpg")
    whatsapp = read_date_in_name("WhatsApp Image 2020-01-02 at 3.04.05 PM.jpeg")
    assert pixel is not None
    assert pixel.value == datetime(2021, 2, 3, 4, 5, 6, 789_000)
    assert whatsapp is not None
    assert whatsapp.value == datetime(2020, 1, 2, 15, 4, 5)


@pytest.mark.parametrize(
    "name",
    ["IMG-20130506-WA0001.jpg", "20130506.jpg", "2013-05-06.jpg", "2013-05-06-1.jpg", "IMG_20130506-1920x1080.jpg"],
)
def test_name_may_hold_a_day_only(name: str) -> None:
    taken = read_date_in_name(name)
    assert taken is not None
    assert (taken.value, taken.has_time) == (datetime(2013, 5, 6), False)


@pytest.mark.parametrize(
    "name",
    [
        *("IMG_0042.jpg", "1699999999999.jpg", "FB_IMG_1699999999999.jpg", "+4915201305061.jpg", "12345678.jpg"),
        *("20131399.jpg", "20130230.jpg", "29990506.jpg", "19120506.jpg", "a3f20130506e.jpg", "1920x1080.jpg", ""),
        *("0176-20130506789.jpg", "201305.jpg", "2013.jpg"),
    ],
)
def test_other_numbers_are_no_dates(name: str) -> None:
    assert read_date_in_name(name) is None
