"""The pages of the indexing state."""

import pytest
from django.test import Client

from collections_app.models import Image, IndexState
from tests.sample_team import SampleTeam

HTMX = {"HX-Request": "true"}


@pytest.fixture
def failed(sample: SampleTeam) -> Image:
    Image.objects.all().record_index_state(index_state=IndexState.FAILED, index_error="It is damaged.")
    return sample.image


def test_chip_counts_waiting_pictures_and_polls(as_viewer: Client) -> None:
    chip = as_viewer.get("/indexing/status/", headers=HTMX).content.decode()
    assert "Preparing 1 picture for search" in chip
    assert 'hx-trigger="every' in chip
    assert "<html" not in chip


def test_chip_stops_polling_when_nothing_waits(as_viewer: Client, failed: Image) -> None:
    chip = as_viewer.get("/indexing/status/", headers=HTMX).content.decode()
    assert "1 picture failed" in chip
    assert "hx-trigger" not in chip


def test_chip_of_a_signed_out_person_stops_polling(client: Client, db: None) -> None:
    answer = client.get("/indexing/status/", headers=HTMX)
    assert answer.status_code == 286
    assert answer.content == b""


def test_page_lists_failed_pictures_with_reasons(as_viewer: Client, failed: Image) -> None:
    page = as_viewer.get("/indexing/status/").content.decode()
    assert "It is damaged." in page
    assert f'href="/images/{failed.pk}/"' in page


def test_outsider_learns_nothing(as_outsider: Client, failed: Image) -> None:
    page = as_outsider.get("/indexing/status/").content.decode()
    assert "All pictures are ready for search." in page
    assert "damaged" not in page


def test_owner_retries_all_failed_pictures(as_owner: Client, failed: Image) -> None:
    as_owner.post("/indexing/retry/")
    assert Image.objects.get().index_state == IndexState.PENDING


def test_owner_retries_one_picture(as_owner: Client, failed: Image) -> None:
    answer = as_owner.post("/indexing/retry/", {"image": failed.pk})
    assert answer.headers["Location"] == f"/images/{failed.pk}/"
    assert Image.objects.get().index_state == IndexState.PENDING


def test_viewer_and_outsider_cannot_retry(as_viewer: Client, as_outsider: Client, failed: Image) -> None:
    as_viewer.post("/indexing/retry/")
    as_outsider.post("/indexing/retry/")
    assert as_viewer.post("/indexing/retry/", {"image": failed.pk}).status_code == 403
    assert as_outsider.post("/indexing/retry/", {"image": failed.pk}).status_code == 404
    assert Image.objects.get().index_state == IndexState.FAILED


@pytest.mark.parametrize("number", ["x", "-1", "²", "9" * 30, "\0"])
def test_invalid_image_number_is_a_404(number: str, as_owner: Client) -> None:
    assert as_owner.post("/indexing/retry/", {"image": number}).status_code == 404
