"""What is shown while the model is loading."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from collections_app.encoders import load_in_background
from collections_app.services.sharing.public_links import create_link
from tests.encoders.slow_encoder import SlowEncoder
from tests.sample_team import SampleTeam


@pytest.fixture
def finish_loading(settings: Settings, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """The model is loading; the function finishes that."""
    settings.ENCODER_CLASS = "tests.encoders.slow_encoder.SlowEncoder"
    settings.CLIP_MODEL_PATH = str(shutil.copytree(settings.CLIP_MODEL_PATH, tmp_path / "model"))
    SlowEncoder.is_loaded.clear()
    loading = load_in_background(max_wait_s=0.01)

    def finish() -> None:
        SlowEncoder.is_loaded.set()
        loading.result(30)

    yield finish
    finish()


def test_search_responds_at_once_with_a_page_that_refreshes_itself(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None], finish_loading: Callable[[], None]
) -> None:
    answer = as_owner.get("/search/?q=a+red+picture")
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert '<meta http-equiv="refresh" content="2">' in page
    assert "The model is still loading" in page
    assert 'href="/search/?q=a+red+picture"' in page

    finish_loading()
    drain()

    assert f'data-image-id="{sample.image.pk}"' in as_owner.get("/search/?q=a+red+picture").content.decode()


@pytest.mark.usefixtures("finish_loading")
def test_features_without_the_model_work_meanwhile(as_owner: Client, sample: SampleTeam) -> None:
    for address in ("/", "/search/", f"/images/{sample.image.pk}/"):
        assert as_owner.get(address).status_code == 200


@pytest.mark.usefixtures("finish_loading")
def test_public_link_visitor_gets_the_same_page(client: Client, sample: SampleTeam) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    answer = client.get(f"/s/{link.secret}/search/?q=red")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "The model is still loading" in page
    assert 'http-equiv="refresh"' in page
    assert f'action="/s/{link.secret}/search/"' in page


@pytest.mark.usefixtures("finish_loading")
def test_similar_pictures_are_explained_in_a_sentence(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get(f"/images/{sample.image.pk}/similar/")
    assert answer.status_code == 503
    assert "The model is still loading." in answer.content.decode()
