"""Limits on guessing: for each client, for all strangers together, and for known devices."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from collections_app.errors import TooManyAttempts
from collections_app.services.attempts import SECOND_FACTOR, SIGN_IN, AttemptPolicy, get_network, take_attempt
from tests.clock import pass_time

POLICIES = [SIGN_IN, SECOND_FACTOR]


@pytest.fixture(autouse=True)
def empty_cache(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def attempt(policy: AttemptPolicy, address: str, device: str = "") -> int:
    """Return after how many seconds the attempt is admitted; 0: now."""
    try:
        take_attempt(policy=policy, subject="x", address=address, device=device)
    except TooManyAttempts as error:
        return error.retry_after_s
    return 0


def use_up(policy: AttemptPolicy) -> None:
    """Take all attempts that strangers have before they are slowed down."""
    for number in range(policy.overall.attempts):
        assert attempt(policy, f"192.0.2.{number // policy.per_client.attempts}") == 0


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_client_waits_and_others_do_not(policy: AttemptPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = [attempt(policy, "192.0.2.1") for _ in range(policy.per_client.attempts + 1)]
    assert waits[:-1] == [0] * policy.per_client.attempts
    assert 0 < waits[-1] <= policy.per_client.period_s + 1
    assert attempt(policy, "192.0.2.2") == 0
    pass_time(monkeypatch, waits[-1] + 1)
    assert attempt(policy, "192.0.2.1") == 0


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_many_strangers_slow_down_and_do_not_close(policy: AttemptPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    use_up(policy)
    waits = [attempt(policy, f"198.51.100.{number}") for number in range(5)]
    assert sum(wait == 0 for wait in waits) <= 2, "one attempt in `slow_s` seconds, or two if a new period begins"
    assert max(waits) <= policy.slow_s + 1
    pass_time(monkeypatch, max(waits) + 1)
    assert attempt(policy, "203.0.113.1") == 0


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_known_device_passes_and_has_a_limit_of_its_own(policy: AttemptPolicy) -> None:
    use_up(policy)
    waits = [attempt(policy, "192.0.2.0", device="phone") for _ in range(policy.per_client.attempts + 1)]
    assert waits[:-1] == [0] * policy.per_client.attempts
    assert waits[-1] > 0
    assert attempt(policy, "192.0.2.0", device="laptop") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:7:1:2:3:4", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a proxy's word", "a proxy's word"),
    ],
)
def test_client_is_an_ipv4_address_or_an_ipv6_network(address: str, network: str) -> None:
    assert get_network(address) == network
