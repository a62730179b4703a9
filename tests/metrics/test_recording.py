"""What processes record, against known histories: requests, searches, pictures that were indexed, failures."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings

from collections_app.encoders import Encoder, get_encoder
from collections_app.errors import (
    EncoderError,
    IndexDamaged,
    IndexRefused,
    IndexUnavailable,
    ModelLoading,
    ModelUnavailable,
    StorageUnavailable,
)
from collections_app.index import close_index
from collections_app.metrics import count_index_failure, join_metrics
from collections_app.models import Image, IndexJob
from collections_app.services.indexing.queue import MAX_ATTEMPTS
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.public_links import create_link
from tests.metrics.conftest import Scrape
from tests.sample_team import CLOSED_PORT, SampleTeam, put_pictures, sign_in_client
from tests.services.indexing.test_worker import drain_without_pauses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recording")]
Take = Callable[[], Scrape]


def test_requests_are_counted_by_method_view_and_status(sample: SampleTeam, scrape: Take) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    client = sign_in_client(sample.owner)
    for path in ("/", "/", f"/images/{sample.image.pk}/", f"/s/{link.secret}/", "/images/999999/", "/nowhere/secret/"):
        client.get(path)
    client.post("/collections/new/", {"name": ""})
    client.generic("BREW", "/")
    client.get("/-/live/")
    client.get("/accounts/login/")
    client.get("/static/css/nothing.css")
    page = scrape()
    assert page.read("imagesearch_requests_total") == {
        ("GET", "2xx", "gallery"): 2,
        ("GET", "2xx", "image"): 1,
        ("GET", "4xx", "image"): 1,
        ("GET", "2xx", "public_link"): 1,
        ("GET", "4xx", "none"): 1,
        ("POST", "4xx", "collection_create"): 1,
        ("other", "4xx", "gallery"): 1,
        ("GET", "2xx", "live"): 1,
        ("GET", "3xx", "account_login"): 1,
        ("GET", "4xx", "static"): 1,
    }
    assert page.read_one("imagesearch_request_duration_seconds_count", view="gallery") == 3
    assert 0 < page.read_one("imagesearch_request_duration_seconds_sum", view="gallery") < 60
    assert link.secret not in page.body


def test_failing_view_is_counted_as_5xx(sample: SampleTeam, scrape: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("collections_app.views.indexing.render", fail)
    client = Client(raise_request_exception=False)
    client.force_login(sample.owner)
    assert client.get(reverse("indexing_status")).status_code == 500
    assert scrape().read("imagesearch_requests_total") == {("GET", "5xx", "indexing_status"): 1}


def test_labels_have_few_values(scrape: Take) -> None:
    client = Client(raise_request_exception=False)
    for number in range(50):
        client.get(f"/nowhere/{number}/")
        client.get(f"/images/{number}/", headers={"host": "localhost"})
        client.generic(f"M{number}", "/")
    views = {view for _, _, view in scrape().read("imagesearch_requests_total")}
    assert views == {"none", "image", "gallery"}
    assert len(get_resolver().reverse_dict) < 1000


def test_searches_are_counted_and_their_steps_measured(sample: SampleTeam, scrape: Take) -> None:
    IndexWorker().drain()
    client = sign_in_client(sample.owner)
    for query in ("red", "a red rose", "a red rose"):
        assert client.get("/search/", {"q": query}).status_code == 200
    assert client.get("/search/", {"q": "is:favourite"}).status_code == 200  # no model, no index
    client.get("/search/", {"q": "red -red"})  # cancelled out
    client.get("/search/", {"q": "like:nothing"})  # a problem: nothing is searched
    page = scrape()
    done = page.read_one("imagesearch_searches_total", outcome="done")
    refused = sum(page.read("imagesearch_searches_total", outcome="refused").values())
    assert done + refused == 5
    stages = page.read("imagesearch_search_stage_duration_seconds_count")
    assert stages["embed",] == 4
    assert stages["index",] >= 3
    assert stages["sql",] >= 2 * 3 + 1
    assert stages["render",] == done
    assert page.read("imagesearch_search_stage_duration_seconds_sum")["embed",] > 0


def test_search_that_the_site_cannot_do_is_a_failure(sample: SampleTeam, scrape: Take, settings: Settings) -> None:
    IndexWorker().drain()
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
    assert sign_in_client(sample.owner).get("/search/", {"q": "red"}).status_code == 503
    assert scrape().read("imagesearch_searches_total") == {("failed",): 1}


def test_example_that_is_not_indexed_is_a_refusal(sample: SampleTeam, scrape: Take) -> None:
    sign_in_client(sample.owner).get("/search/", {"q": f"like:{sample.image.pk}"})
    assert scrape().read("imagesearch_searches_total") == {("refused",): 1}


def test_indexed_pictures_are_counted_with_new_and_with_old_vectors(sample: SampleTeam, scrape: Take) -> None:
    put_pictures(sample, 3)
    IndexWorker().drain()
    Image.objects.filter(pk=sample.image.pk).update(tags=["rose"])
    IndexWorker().drain()
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    IndexWorker().drain()
    assert scrape().read("imagesearch_images_indexed_total") == {("encoded",): 4, ("reused",): 2}


def test_failed_pictures_are_counted_by_reason(sample: SampleTeam, scrape: Take) -> None:
    put_pictures(sample, 2)
    missing, broken, _ = sample.collection.images.order_by("pk")
    default_storage.delete(missing.file_name)
    default_storage.delete(broken.file_name)
    default_storage.save(broken.file_name, ContentFile(b"broken"))
    drain_without_pauses()
    page = scrape()
    reasons = {("file_missing",): MAX_ATTEMPTS, ("invalid_image",): MAX_ATTEMPTS}
    assert page.read("imagesearch_index_failures_total") == reasons
    assert page.read("imagesearch_images_indexed_total")["encoded",] == 1
    assert page.read("imagesearch_images") == {("pending",): 0, ("indexed",): 1, ("failed",): 2}


def test_crashed_and_unexpected_attempts_are_counted(
    sample: SampleTeam, scrape: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pictures(sample, 1)
    IndexJob.objects.filter(image_id=sample.image.pk).update(attempts=MAX_ATTEMPTS)

    def fail(self: Encoder, pixels: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(get_encoder()), "encode_pixels", fail)
    drain_without_pauses()
    reasons = scrape().read("imagesearch_index_failures_total")
    assert reasons == {("crash",): 1, ("unexpected",): MAX_ATTEMPTS}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (IndexUnavailable(), "index_unavailable"),
        (IndexDamaged(), "index_unavailable"),
        (IndexRefused(), "index_refused"),
        (ModelLoading(), "model_unavailable"),
        (ModelUnavailable(), "model_unavailable"),
        (EncoderError(), "encoder"),
        (StorageUnavailable(), "storage_unavailable"),
        (OperationalError(), "database"),
        (RuntimeError(), "unexpected"),
    ],
)
def test_reason_follows_from_the_kind_of_error(error: Exception, reason: str, scrape: Take) -> None:
    count_index_failure(error, pictures=3)
    assert scrape().read("imagesearch_index_failures_total") == {(reason,): 3}


def test_interrupted_worker_counts_the_interruption(sample: SampleTeam, scrape: Take, settings: Settings) -> None:
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
    worker = IndexWorker()
    worker.stop.wait = lambda timeout=None: worker.stop.set() or True  # type: ignore[method-assign,func-returns-value]
    worker.run()
    assert scrape().read("imagesearch_index_failures_total") == {("index_unavailable",): 1}


def test_folder_that_cannot_be_written_turns_recording_off(
    scrape: Take, settings: Settings, caplog: pytest.LogCaptureFixture, client: Client
) -> None:
    from collections_app.metrics import leave_metrics

    leave_metrics()
    settings.METRICS_DIR.parent.joinpath("file").write_bytes(b"")
    settings.METRICS_DIR = settings.METRICS_DIR.parent / "file" / "metrics"
    join_metrics("web")
    assert "This process records no metrics" in caplog.text
    assert client.get("/accounts/login/").status_code == 200
