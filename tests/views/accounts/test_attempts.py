"""Attempts to sign in are limited for each client and for each account."""

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.sample_team import SampleTeam
from tests.views.sign_in_steps import is_signed_in, sign_in


def fail_often(times: int, proxy: str = "") -> int:
    """Return the status of the last of so many wrong sign-ins, each for another address."""
    headers = {"X-Forwarded-For": proxy} if proxy else {}
    return [sign_in(Client(), f"{number}@example.com", **headers).status_code for number in range(times)][-1]


def test_attempts_of_one_client_are_limited_and_the_page_says_so(db: None) -> None:
    assert fail_often(31) == 429
    answer = sign_in(Client(), "nobody@example.com")
    assert "Too many attempts" in answer.content.decode()
    assert "css/tokens.css" in answer.content.decode()


def test_attempts_for_one_account_are_limited_across_addresses(sample: SampleTeam, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(5):
        sign_in(Client(), sample.owner.email, "wrong", **{"X-Forwarded-For": f"192.0.2.{number}"})
    blocked = Client()
    sign_in(blocked, sample.owner.email, **{"X-Forwarded-For": "192.0.2.99"})
    assert not is_signed_in(blocked)


def test_invented_header_is_ignored_without_proxies(db: None) -> None:
    for number in range(30):
        sign_in(Client(), "nobody@example.com", **{"X-Forwarded-For": f"192.0.2.{number}"})
    assert fail_often(1, proxy="198.51.100.7") == 429


def test_trusted_proxy_names_the_client(db: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert fail_often(31, proxy="192.0.2.1") == 429
    assert fail_often(1, proxy="192.0.2.2") == 200
    assert fail_often(1, proxy="192.0.2.77, 192.0.2.1") == 429, "what stands before the proxy's own is the client's say"


def test_counts_are_stored_in_the_database_for_every_process(db: None) -> None:
    assert type(cache._connections["default"]).__name__ == "AttemptCache"  # type: ignore[attr-defined]
    assert cache.add("lock", 1)
    assert not cache.add("lock", 2)


def test_ordinary_pages_do_not_query_the_cache(as_owner: Client, sample: SampleTeam) -> None:
    with CaptureQueriesContext(connection) as statements:
        for address in ("/", "/account/", "/accounts/login/", f"/images/{sample.image.pk}/thumbnail/"):
            as_owner.get(address)
    assert not [query for query in statements.captured_queries if '"cache"' in query["sql"]]
