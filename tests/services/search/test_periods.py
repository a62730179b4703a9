"""Years, months and days as people write them."""

from datetime import date, datetime

import pytest

from collections_app.services.search.periods import UnclearPeriod, parse_day, parse_period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", datetime(2024, 1, 1), datetime(2025, 1, 1)),
        ("2024-12", datetime(2024, 12, 1), datetime(2025, 1, 1)),
        ("12.2024", datetime(2024, 12, 1), datetime(2025, 1, 1)),
        ("12/2024", datetime(2024, 12, 1), datetime(2025, 1, 1)),
        ("Dec 2024", datetime(2024, 12, 1), datetime(2025, 1, 1)),
        ("декабрь 2024", datetime(2024, 12, 1), datetime(2025, 1, 1)),
        ("2024-02-29", datetime(2024, 2, 29), datetime(2024, 3, 1)),
        *((text, datetime(2024, 12, 31), datetime(2025, 1, 1)) for text in ("31.12.2024", "31.12.24", "12/31/2024")),
        *((text, datetime(2024, 12, 31), datetime(2025, 1, 1)) for text in ("31/12/2024", "31-12-2024", "2024.12.31")),
        *(
            (text, datetime(2024, 12, 31), datetime(2025, 1, 1))
            for text in ("December 31, 2024", "31 декабря 2024 \N{CYRILLIC SMALL LETTER GHE}.")
        ),
        ("1.2.99", datetime(1999, 2, 1), datetime(1999, 2, 2)),
        ("5/5/2024", datetime(2024, 5, 5), datetime(2024, 5, 6)),
    ],
)
def test_period_begins_and_ends(text: str, start: datetime, end: datetime) -> None:
    period = parse_period(text)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    "text", ["", "12", "0000", "2024-13", "2024-02-30", "31.13.2024", "2024-05/06", "30.", "May", "1 2 2024", "9" * 500]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UnclearPeriod, match=r"Write 2025, 2025-06 or 2025-06-30\."):
        parse_period(text)


def test_two_readings_are_both_named() -> None:
    with pytest.raises(UnclearPeriod, match="Write 2024-05-06 or 2024-06-05"):
        parse_period("05/06/2024")


def test_a_day_is_a_full_date() -> None:
    assert parse_day("31.12.2024") == date(2024, 12, 31)
    with pytest.raises(UnclearPeriod, match="full date"):
        parse_day("2024-12")
