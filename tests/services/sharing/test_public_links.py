"""The passwords of public links: how many attempts there are, for whom, and for how long."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connections

from collections_app.errors import TooManyAttempts
from collections_app.models import PublicLink
from collections_app.services.sharing.public_links import check_link_password, create_link
from tests.clock import pass_time
from tests.sample_team import SampleTeam


@pytest.fixture
def link(sample: SampleTeam) -> Iterator[PublicLink]:
    cache.clear()
    yield create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    cache.clear()


def attempt(link: PublicLink, address: str = "192.0.2.1", password: str = "rose") -> bool | None:
    """Return whether the password is right; None where there were too many attempts."""
    try:
        return check_link_password(link=link, password=password, address=address)
    except TooManyAttempts:
        return None


def test_wrong_passwords_are_limited_to_ten_per_address(link: PublicLink) -> None:
    assert [attempt(link) for _ in range(11)] == [False] * 10 + [None]
    assert attempt(link, password="tulip") is None
    assert attempt(link, "192.0.2.2", password="tulip") is True


def test_a_right_password_does_not_count(link: PublicLink) -> None:
    assert [attempt(link, password="tulip") for _ in range(15)] == [True] * 15
    assert [attempt(link) for _ in range(11)] == [False] * 10 + [None]


def test_wrong_passwords_of_many_clients_slow_a_link_down_and_do_not_close_it(
    link: PublicLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [f"192.0.2.{number}" for number in range(30) for _ in range(10)]
    assert {attempt(link, address) for address in addresses} == {False}
    waits = []
    for number in range(5):
        try:
            check_link_password(link=link, password="rose", address=f"198.51.100.{number}")
        except TooManyAttempts as error:
            waits.append(error.retry_after_s)
    assert len(waits) >= 3
    assert max(waits) <= 6
    pass_time(monkeypatch, max(waits) + 1)
    assert attempt(link, "203.0.113.1", password="tulip") is True


def test_refused_attempts_of_one_address_do_not_use_up_those_of_others(link: PublicLink) -> None:
    for _ in range(120):
        attempt(link)
    assert attempt(link, "192.0.2.2", password="tulip") is True


def test_links_are_counted_apart(sample: SampleTeam, link: PublicLink) -> None:
    other = create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    for _ in range(10):
        attempt(link)
    assert attempt(other, password="tulip") is True


def test_addresses_of_one_ipv6_network_are_counted_together(link: PublicLink) -> None:
    assert [attempt(link, f"2001:db8::{number:x}") for number in range(11)] == [False] * 10 + [None]
    assert attempt(link, "2001:db8:0:1::1") is False


@pytest.mark.parametrize("minutes", [9, 11])
def test_an_attempt_counts_for_ten_minutes(link: PublicLink, minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(10):
        attempt(link)
    pass_time(monkeypatch, minutes * 60)
    assert attempt(link, password="tulip") is (None if minutes < 10 else True)


@pytest.mark.django_db(transaction=True)
def test_attempts_at_once_are_counted(link: PublicLink) -> None:
    def attempt_in_thread(_: int) -> bool | None:
        try:
            return attempt(link)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt_in_thread, range(24)))
    assert (results.count(False), results.count(None)) == (10, 14)
