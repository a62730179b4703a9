"""The migration of dates from moments to local times, on a site that has pictures."""

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from collections_app.models import IndexJob
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_picture

from .test_migrations import migrate

BEFORE, AFTER = ("collections_app", "0012_undo_steps"), ("collections_app", "0013_taken_dates")
# 23:50 on the last day of 2024 in New York.
MOMENT = datetime(2025, 1, 1, 4, 50, tzinfo=UTC)


@pytest.fixture(params=["UTC", "America/New_York"])
def zone(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.TIME_ZONE = zone = str(request.param)
    return zone


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("latest")
def test_old_dates_become_the_local_times_of_the_site(sample: SampleTeam, zone: str) -> None:
    other = put_picture(sample.collection, sample.owner, "sky.png")
    IndexWorker().drain()
    old = migrate(BEFORE)
    old.get_model("collections_app", "Image").objects.filter(pk=sample.image.pk).update(taken_at=MOMENT)

    new = migrate(AFTER)

    rows = new.get_model("collections_app", "Image").objects.in_bulk()
    expected = datetime(2024, 12, 31, 23, 50) if zone == "America/New_York" else datetime(2025, 1, 1, 4, 50)
    assert (rows[sample.image.pk].taken_at, rows[sample.image.pk].has_taken_time) == (expected, True)
    assert (rows[other.pk].taken_at, rows[other.pk].has_taken_time) == (None, None)
    queued = list(IndexJob.objects.values_list("image_id", flat=True))
    assert queued == ([sample.image.pk] if zone == "America/New_York" else [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("latest")
def test_migrating_back_restores_the_moments_and_queues_their_images(sample: SampleTeam, zone: str) -> None:
    IndexWorker().drain()
    migrate(BEFORE).get_model("collections_app", "Image").objects.update(taken_at=MOMENT)
    migrate(AFTER)
    IndexJob.objects.all().delete()
    rows = migrate(BEFORE).get_model("collections_app", "Image").objects
    assert rows.get(pk=sample.image.pk).taken_at == MOMENT
    assert IndexJob.objects.exists() is (zone == "America/New_York")
