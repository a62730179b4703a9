"""Storages that are slow, silent or broken: callers wait a bounded time, and no picture is blamed."""

import errno
import html
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponseBase, StreamingHttpResponse
from pytest_django import Settings

from collections_app.errors import StorageUnavailable
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.bounded_calls import BoundedCalls, share_time
from tests.sample_team import SampleTeam, picture_bytes, put_pictures, sign_in_client
from tests.services.library.s3_server import CONTENT, FAULTS, FaultyS3, faulty_s3

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "originals/ab/abc.png"
# A bound that a busy machine keeps; without a limit of ours these calls take minutes.
BOUND_S = 30


@pytest.fixture
def s3() -> Iterator[FaultyS3]:
    with faulty_s3() as server:
        yield server


@pytest.fixture(autouse=True)
def drive(own_folders: None, settings: Settings, tmp_path: Path) -> None:
    """A folder, also where the other tests store their files on S3."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "collections_app.services.library.local_storage.PrivateFolder",
            "OPTIONS": {"location": tmp_path / "uploads", "base_url": None},
        },
    }


@pytest.fixture
def bucket(s3: FaultyS3, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FaultyS3:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)
    settings.STORAGE_TIMEOUT_S = 2
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "collections_app.services.library.s3_storage.PrivateBucket",
            "OPTIONS": {"bucket_name": "pictures", "file_overwrite": False, "max_memory_size": 2**20},
        },
    }
    return s3


CALLS: list[Callable[[], object]] = [
    lambda: default_storage.open(NAME),
    lambda: default_storage.exists(NAME),
    lambda: default_storage.save(NAME, ContentFile(b"x" * 100_000)),
    lambda: default_storage.delete(NAME),
]


@pytest.mark.parametrize("fault", [each for each in FAULTS if each != "missing"])
def test_faults_of_s3_are_an_unavailable_storage_in_bounded_time(bucket: FaultyS3, fault: str) -> None:
    bucket.fault = fault

    started = time.monotonic()
    with pytest.raises(StorageUnavailable, match="can't be reached"):
        default_storage.open(NAME)

    assert time.monotonic() - started < BOUND_S


@pytest.mark.parametrize("fault", ["silent", "drips its head", "slow down", "no right"])
@pytest.mark.parametrize("call", CALLS)
def test_each_call_of_a_faulty_s3_fails_in_bounded_time(
    bucket: FaultyS3, fault: str, call: Callable[[], object]
) -> None:
    bucket.fault = fault

    started = time.monotonic()
    with pytest.raises(StorageUnavailable):
        call()

    assert time.monotonic() - started < BOUND_S


def test_missing_object_is_a_missing_file(bucket: FaultyS3) -> None:
    bucket.fault = "missing"

    with pytest.raises(FileNotFoundError):
        default_storage.open(NAME)
    assert not default_storage.exists(NAME)


def test_healthy_s3_is_read_whole(bucket: FaultyS3, settings: Settings) -> None:
    settings.STORAGE_TIMEOUT_S = 30
    with default_storage.open(NAME) as file:
        assert file.read() == CONTENT
        assert file.size == len(CONTENT)


def test_silent_s3_is_not_asked_again_for_a_while(bucket: FaultyS3) -> None:
    bucket.fault = "silent"
    with pytest.raises(StorageUnavailable):
        default_storage.open(NAME)
    before = bucket.requests

    for _ in range(20):
        with pytest.raises(StorageUnavailable):
            default_storage.open(NAME)

    assert bucket.requests == before


def test_s3_is_used_again_when_it_answers(bucket: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collections_app.services.library.bounded_calls.SILENCE_S", 0.5)
    bucket.fault = "silent"
    with pytest.raises(StorageUnavailable):
        default_storage.open(NAME)

    bucket.fault = ""
    time.sleep(0.6)

    assert default_storage.open(NAME).read() == CONTENT


def test_callers_at_once_share_the_wait_for_a_silent_s3(bucket: FaultyS3) -> None:
    bucket.fault = "silent"
    started = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(default_storage.open, NAME) for _ in range(16)]
    assert all(isinstance(call.exception(), StorageUnavailable) for call in calls)
    assert time.monotonic() - started < BOUND_S


def test_several_calls_of_a_request_share_one_limit(bucket: FaultyS3) -> None:
    bucket.fault = "silent"
    with share_time(0), pytest.raises(StorageUnavailable):
        default_storage.exists(NAME)


def test_request_whose_time_is_over_does_not_stop_the_calls_of_others(bucket: FaultyS3) -> None:
    with share_time(0), suppress(StorageUnavailable):
        default_storage.exists(NAME)

    assert default_storage.open(NAME).read() == CONTENT


def test_calls_work_again_after_the_system_had_no_free_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    calls = BoundedCalls(timeout_s=BOUND_S)
    monkeypatch.setattr("collections_app.services.library.bounded_calls.MAX_RUNNING", 2)
    with monkeypatch.context() as exhausted:
        exhausted.setattr("threading.Thread.start", refuse)
        for _ in range(4):
            with pytest.raises(StorageUnavailable):
                calls.run(lambda: 1)

    assert calls.run(lambda: 1) == 1


@pytest.mark.parametrize("fault", ["silent", "cuts its body", "slow down", "wrong clock"])
def test_pictures_wait_with_all_attempts_while_s3_is_faulty(sample: SampleTeam, bucket: FaultyS3, fault: str) -> None:
    bucket.fault = fault

    for _ in range(6):
        IndexJob.objects.update(run_after="2020-01-01T00:00:00Z")
        with pytest.raises(StorageUnavailable):
            IndexWorker().drain()

    job = IndexJob.objects.get()
    assert (job.attempts, job.is_failed) == (0, False)
    assert Image.objects.get().index_state == IndexState.PENDING


def make_unreadable(image: Image) -> None:
    """Reading /proc/self/mem from its beginning is an input/output error, as of a drive that fails."""
    place = Path(default_storage.path(image.file_name))
    place.unlink()
    place.symlink_to("/proc/self/mem")


def test_drive_with_read_errors_blames_no_picture(sample: SampleTeam) -> None:
    make_unreadable(sample.image)

    with pytest.raises(StorageUnavailable, match=os.strerror(errno.EIO)):
        IndexWorker().drain()

    assert IndexJob.objects.get().attempts == 0


def test_drive_that_is_not_mounted_blames_no_picture(sample: SampleTeam) -> None:
    root = Path(default_storage.path("originals")).parent
    shutil.rmtree(root)
    root.mkdir()

    with pytest.raises(StorageUnavailable):
        IndexWorker().drain()

    assert IndexJob.objects.get().attempts == 0


def test_single_missing_file_stays_a_failure_of_its_picture(sample: SampleTeam) -> None:
    put_pictures(sample, 1)
    Path(default_storage.path(sample.image.file_name)).unlink()

    IndexJob.objects.filter(image_id=sample.image.pk).update(attempts=4)
    IndexWorker().drain()

    failed = Image.objects.failed().get()
    assert failed.pk == sample.image.pk
    assert "missing" in failed.index_error


@pytest.mark.parametrize("path", ["thumbnail", "preview"])
def test_pages_of_a_drive_with_read_errors_are_a_503(sample: SampleTeam, path: str) -> None:
    make_unreadable(sample.image)

    answer = sign_in_client(sample.owner).get(f"/images/{sample.image.pk}/{path}/")
    assert answer.status_code == 503


def test_thumbnail_is_shown_although_it_cannot_be_stored(sample: SampleTeam) -> None:
    root = Path(default_storage.path("originals")).parent
    (root / "renditions").write_text("no folder")

    answer = sign_in_client(sample.owner).get(f"/images/{sample.image.pk}/thumbnail/")

    assert answer.status_code == 200
    assert b"".join(get_stream(answer)).startswith(b"\xff\xd8")


def get_stream(answer: HttpResponseBase) -> Iterator[bytes]:
    assert isinstance(answer, StreamingHttpResponse)
    return cast(Iterator[bytes], answer.streaming_content)


def select_all(sample: SampleTeam) -> dict[str, list[int]]:
    return {"image": list(Image.objects.order_by("-created_at", "-pk").values_list("pk", flat=True))}


def test_download_while_the_storage_fails_says_so_before_the_first_byte(sample: SampleTeam) -> None:
    make_unreadable_storage()
    visitor = sign_in_client(sample.owner)

    page = visitor.post("/pictures/download/", select_all(sample))
    answer = visitor.post("/pictures/download/", select_all(sample), headers={"Accept": "application/json"})

    assert page.status_code == 503
    assert "files can't be read or written" in html.unescape(page.content.decode())
    assert answer.status_code == 503
    assert "can't be read or written" in answer.json()["error"]


def test_download_whose_storage_fails_on_the_way_breaks(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    newest = Image.objects.order_by("-created_at", "-pk")[0]
    for image in Image.objects.exclude(pk=newest.pk):
        make_unreadable(image)

    answer = sign_in_client(sample.owner).post("/pictures/download/", select_all(sample))

    received = BytesIO()
    with pytest.raises(StorageUnavailable):
        received.writelines(get_stream(answer))
    assert received.getvalue().startswith(b"PK")
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(received)


def test_download_of_a_healthy_storage_is_complete(sample: SampleTeam) -> None:
    put_pictures(sample, 2)

    answer = sign_in_client(sample.owner).post("/pictures/download/", select_all(sample))

    with zipfile.ZipFile(BytesIO(b"".join(get_stream(answer)))) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 3
        assert archive.read("rose.png") == picture_bytes("red")


def make_unreadable_storage() -> None:
    root = Path(default_storage.path("originals")).parent
    shutil.rmtree(root)
    root.mkdir()
