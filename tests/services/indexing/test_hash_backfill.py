"""Perceptual hashes: made by the worker's one decode, and for older pictures without encoding."""

import threading

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from collections_app.models import Image, IndexJob
from collections_app.services.indexing.hash_backfill import backfill_hashes
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.renditions import Rendition, build_rendition_name
from tests.duplicate_pictures import draw, other_scenes, put
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scenes(sample: SampleTeam) -> list[Image]:
    images = [put(sample.collection, sample.owner, draw(scene)) for scene in other_scenes()[:3]]
    IndexWorker().drain()
    return images


def hashes() -> dict[int, int | None]:
    return dict(Image.objects.values_list("pk", "perceptual_hash"))


def test_worker_stores_the_perceptual_hash(sample: SampleTeam, scenes: list[Image]) -> None:
    found = hashes()
    assert found.pop(sample.image.pk) == 0
    assert len(set(found.values())) == 3
    assert None not in found.values()


def test_older_pictures_are_hashed_from_thumbnails_without_encoding(scenes: list[Image]) -> None:
    before = hashes()
    Image.objects.all().record_index_state(perceptual_hash=None)
    for image in scenes:
        default_storage.delete(image.file_name)
    last = backfill_hashes(after=0, limit=2)
    assert last is not None
    assert backfill_hashes(after=last, limit=2) is not None
    assert backfill_hashes(after=10**9, limit=2) is None
    after = hashes()
    assert all(((before[pk] or 0) ^ (after[pk] or 0)).bit_count() <= 4 for pk in before)
    assert None not in after.values()
    assert not IndexJob.objects.exists()


def test_lost_file_is_skipped_and_blocks_no_other(scenes: list[Image]) -> None:
    Image.objects.all().record_index_state(perceptual_hash=None)
    lost = scenes[0]
    for name in (lost.file_name, build_rendition_name(lost.file_name, Rendition.GRID)):
        default_storage.delete(name)
    after: int | None = 0
    while after is not None:
        after = backfill_hashes(after=after, limit=1)
    assert [pk for pk, value in hashes().items() if value is None] == [lost.pk]


def test_queued_pictures_are_left_to_the_worker(sample: SampleTeam) -> None:
    assert backfill_hashes(after=0, limit=9) is None


def test_an_idle_worker_hashes_older_pictures(scenes: list[Image]) -> None:
    Image.objects.all().record_index_state(perceptual_hash=None)
    worker = IndexWorker(stop=StopWhenHashed())
    worker.run()
    assert None not in hashes().values()


class StopWhenHashed(threading.Event):
    """Ends the worker at its first pause: by then it has done what there was to do."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_reindex_hashes_older_pictures(scenes: list[Image]) -> None:
    Image.objects.all().record_index_state(perceptual_hash=None)
    call_command("reindex", verbosity=0)
    assert None not in hashes().values()
