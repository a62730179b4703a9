"""Clients of the house's people, for the views' tests."""

from collections.abc import Callable

import pytest
from django.test import Client

from collections_app.services.indexing.worker import IndexWorker
from tests.house import House, signed_in_client


@pytest.fixture
def as_owner(house: House) -> Client:
    return signed_in_client(house.owner)


@pytest.fixture
def as_viewer(house: House) -> Client:
    return signed_in_client(house.viewer)


@pytest.fixture
def as_outsider(house: House) -> Client:
    return signed_in_client(house.outsider)


@pytest.fixture
def drain(house: House) -> Callable[[], None]:
    """Run the real worker until nothing waits."""
    return lambda: IndexWorker().drain()
