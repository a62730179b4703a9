"""Clients of the sample team's people, for the tests of views."""

from collections.abc import Callable

import pytest
from django.test import Client

from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, sign_in_client


@pytest.fixture
def as_owner(sample: SampleTeam) -> Client:
    return sign_in_client(sample.owner)


@pytest.fixture
def as_viewer(sample: SampleTeam) -> Client:
    return sign_in_client(sample.viewer)


@pytest.fixture
def as_outsider(sample: SampleTeam) -> Client:
    return sign_in_client(sample.outsider)


@pytest.fixture
def drain(sample: SampleTeam) -> Callable[[], None]:
    """Run the real worker until nothing waits."""
    return lambda: IndexWorker().drain()
