"""The quota of a team, which simultaneous uploads do not exceed."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from pytest_django import Settings

from collections_app.errors import QuotaExceeded
from collections_app.models import Image, Team
from collections_app.services.library.quotas import measure_usage
from collections_app.services.library.trash import trash_images
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, picture_bytes, put_picture

pytestmark = pytest.mark.django_db(transaction=True)


def test_picture_over_the_quota_is_refused_and_not_stored(sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_images=1)

    with pytest.raises(QuotaExceeded, match="Gardeners"):
        put_picture(sample.collection, sample.owner, "sky.png")

    assert Image.objects.count() == 1
    storage = sample.image.file.storage
    folders, _ = storage.listdir("originals")
    assert sum(len(storage.listdir(f"originals/{folder}")[1]) for folder in folders) == 1


def test_trashed_pictures_count_towards_the_byte_quota(sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_bytes=sample.image.byte_size + 10)
    trash_images(images=Image.objects.all(), trasher=sample.owner)

    with pytest.raises(QuotaExceeded):
        put_picture(sample.collection, sample.owner, "sky.png")


def test_ten_concurrent_uploads_do_not_exceed_the_quota(sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_images=4)

    def upload(number: int) -> bool:
        file = io.BytesIO(picture_bytes((number, 50, 90)))
        try:
            ingest_upload(file=file, file_name=f"{number}.png", collection=sample.collection, uploader=sample.owner)
        except QuotaExceeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(upload, range(10)))

    assert sum(outcomes) == 3
    assert measure_usage(sample.team).images == 4


def test_site_default_applies_to_a_team_without_its_own_quota(sample: SampleTeam, settings: Settings) -> None:
    settings.TEAM_MAX_IMAGES = 1
    with pytest.raises(QuotaExceeded):
        put_picture(sample.collection, sample.owner, "sky.png")

    Team.objects.filter(pk=sample.team.pk).update(max_images=0)
    put_picture(sample.collection, sample.owner, "sky.png")
