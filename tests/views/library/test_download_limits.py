"""How many ZIP downloads may run at once."""

from collections.abc import Generator, Iterable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from collections_app.services.library.zip_slots import hold_zip_slot
from tests.sample_team import SampleTeam


def download(client: Client, sample: SampleTeam, **headers: str) -> Any:
    """Begin a download and read nothing."""
    return client.post("/pictures/download/", {"image": sample.image.pk}, headers=headers)


def read_all(responses: Iterable[Any]) -> None:
    """Read the downloads to their ends. Closing a response here would close the test's database."""
    for response in responses:
        assert b"".join(response.streaming_content).startswith(b"PK")


@pytest.fixture
def limits(settings: Settings) -> None:
    settings.WEB_MAX_ZIPS, settings.ACCOUNT_MAX_ZIPS = 3, 2


def test_account_is_limited_and_sees_why(as_owner: Client, sample: SampleTeam, limits: None) -> None:
    running = [download(as_owner, sample) for _ in range(2)]
    refused = download(as_owner, sample)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
    assert "You are downloading 2 ZIP files already." in refused.content.decode()
    read_all(running)


def test_scripts_get_the_reason_as_json(as_owner: Client, sample: SampleTeam, limits: None) -> None:
    running = [download(as_owner, sample) for _ in range(2)]
    refused = download(as_owner, sample, accept="application/json")
    assert refused.json()["code"] == "too_many_downloads"
    read_all(running)


def test_all_accounts_together_are_limited(
    as_owner: Client, as_viewer: Client, sample: SampleTeam, limits: None
) -> None:
    running = [download(as_owner, sample), download(as_owner, sample), download(as_viewer, sample)]
    refused = download(as_viewer, sample)
    assert refused.status_code == 503
    assert "Too many people are downloading ZIP files." in refused.content.decode()
    read_all(running)


def test_download_that_has_ended_makes_room(as_owner: Client, sample: SampleTeam, limits: None) -> None:
    for _ in range(5):
        read_all([download(as_owner, sample)])


@pytest.mark.parametrize("reads", [True, False])
def test_download_that_is_closed_early_makes_room(limits: None, reads: bool) -> None:
    for _ in range(5):
        chunks = hold_zip_slot(make_chunks(), account_id=1)
        if reads:
            assert next(chunks) == b"PK"
        chunks.close()


def test_download_that_fails_makes_room(limits: None) -> None:
    for _ in range(5):
        chunks = hold_zip_slot(make_chunks(), account_id=1)
        assert next(chunks) == b"PK"
        with pytest.raises(OSError, match="away"):
            next(chunks)


def make_chunks() -> Generator[bytes]:
    yield b"PK"
    raise OSError("The storage is away.")
