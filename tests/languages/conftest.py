"""Clients whose browsers prefer Russian."""

import pytest
from django.test import Client

from tests.sample_team import SampleTeam


@pytest.fixture
def in_russian(sample: SampleTeam) -> Client:
    client = Client(headers={"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"})
    client.force_login(sample.owner)
    return client


@pytest.fixture
def russian_visitor() -> Client:
    return Client(headers={"Accept-Language": "ru"})
