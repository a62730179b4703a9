"""Windows of people whose browsers ask for Russian."""

import pytest
from django.test import Client

from tests.reading import Reader
from tests.sample_team import SampleTeam


@pytest.fixture
def in_russian(sample: SampleTeam) -> Client:
    client = Reader(headers={"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"})
    client.force_login(sample.owner)
    return client


@pytest.fixture
def russian_visitor() -> Client:
    return Reader(headers={"Accept-Language": "ru"})
