"""Searches while two models are kept: each uses one of them for everything."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from collections_app import encoders
from collections_app.encoders import ModelSpec, is_model_ready, load_in_background
from collections_app.models import Example
from collections_app.services.indexing.kept_models import read_kept_models, select_search_model
from collections_app.services.indexing.model_changes import (
    advance_preparation,
    drop_model,
    roll_back_model,
    start_preparing,
    switch_model,
)
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.search.example_images import store_example
from collections_app.services.search.preloading import ModelPreloader, preload_models
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from collections_app.services.search.samples import find_cached_sample
from collections_app.services.search.scope import resolve_visible_scope
from tests.encoders.slow_encoder import SlowEncoder
from tests.other_model import make_rotated_model
from tests.sample_team import SampleTeam, picture_bytes, put_pictures, sign_in_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_rotated_model(tmp_path_factory.mktemp("models") / "rotated")


@pytest.fixture
def other(other_folder: Path) -> ModelSpec:
    return ModelSpec(source=str(other_folder))


@pytest.fixture
def ready(sample: SampleTeam, other: ModelSpec) -> SampleTeam:
    put_pictures(sample, 60)
    start_preparing(other, name=other.source)
    IndexWorker().drain()
    advance_preparation()
    return sample


@pytest.fixture
def web_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Models load in the background, as in a web process."""
    monkeypatch.setattr(encoders, "_background_loads", {})
    SlowEncoder.is_loaded.clear()
    yield
    SlowEncoder.is_loaded.set()


def find_ids(sample: SampleTeam, query: str) -> list[int]:
    """Return all pictures, best first; the samples for the cutoffs are in memory afterwards."""
    request = parse_search_request(user=sample.owner, parameters={"q": query})
    run_search(request)
    return [each.id for each in run_search(request, cutoffs=NO_CUTOFFS).ranked]


def test_following_pages_come_from_the_model_of_the_first(ready: SampleTeam) -> None:
    client = sign_in_client(ready.owner)
    first = client.get("/search/", {"q": "a blue thing", "all": "1"})
    active = read_kept_models()[0]
    switch_model()

    following = client.get(f"/search/?{first.context['results_page'].next_query}")

    assert first.context["results"].cutoffs.model_tag == active.tag
    assert following.context["results"].cutoffs.model_tag == active.tag
    shown = [result.image.pk for answer in (first, following) for result in answer.context["results_page"].results]
    assert len(shown) == len(set(shown)) == 61


def test_cutoffs_of_a_model_that_is_not_kept_are_ignored(ready: SampleTeam) -> None:
    client = sign_in_client(ready.owner)
    own = client.get("/search/", {"q": "a blue thing"}).context["results"].cutoffs

    for sent in ("0.99_0.98_00000000", "0.99_0.98"):
        assert client.get("/search/", {"q": "a blue thing", "cutoffs": sent}).context["results"].cutoffs == own


def test_uploaded_example_is_searched_for_with_the_model_that_encoded_it(ready: SampleTeam) -> None:
    example = store_example(user=ready.owner, file=io.BytesIO(picture_bytes("blue")))
    before = find_ids(ready, f"like:{example.token}")
    switch_model()

    assert find_ids(ready, f"like:{example.token} + a picture")
    assert find_ids(ready, f"like:{example.token}") == before
    later = store_example(user=ready.owner, file=io.BytesIO(picture_bytes("red")))
    assert later.model_key != example.model_key
    assert find_ids(ready, f"like:{later.token}")


def test_examples_from_before_and_after_the_switch_can_be_combined(ready: SampleTeam) -> None:
    tokens = []
    for change in (switch_model, roll_back_model):
        example = store_example(user=ready.owner, file=io.BytesIO(picture_bytes("blue")))
        tokens.append(example.token)
        change()

    assert find_ids(ready, " + ".join(f"like:{token}" for token in tokens))
    assert Example.objects.count() == 2


def test_web_process_searches_with_the_former_model_until_the_new_one_is_loaded(
    ready: SampleTeam, web_process: None, settings: Settings, other: ModelSpec
) -> None:
    demo, second = read_kept_models()
    load_in_background(demo.spec).result(60)
    switch_model()
    settings.ENCODER_CLASS = "tests.encoders.slow_encoder.SlowEncoder"
    SlowEncoder.is_loaded.set()
    load_in_background(demo.spec).result(60)
    SlowEncoder.is_loaded.clear()

    assert select_search_model().key == demo.key
    assert find_ids(ready, "a blue thing")  # at once
    SlowEncoder.is_loaded.set()
    load_in_background(second.spec).result(60)

    assert select_search_model().key == second.key
    assert find_ids(ready, "a blue thing")


def test_web_process_loads_a_model_with_its_samples_when_it_is_ready(ready: SampleTeam, web_process: None) -> None:
    demo, second = read_kept_models()
    assert find_ids(ready, "a blue thing")
    scope = resolve_visible_scope(ready.owner)
    ModelPreloader().preload()
    for model in (demo, second):
        load_in_background(model.spec).result(60)

    preload_models()

    assert find_cached_sample(scope, model=demo)
    assert find_cached_sample(scope, model=second)


def test_web_process_frees_the_memory_of_a_dropped_model(
    ready: SampleTeam, web_process: None, other: ModelSpec
) -> None:
    preload_models()
    second = read_kept_models()[1]
    load_in_background(second.spec).result(60)
    find_ids(ready, "a blue thing")
    loaded = second.encoder

    drop_model(other.source, pause=lambda _seconds: None)
    preload_models()

    assert find_cached_sample(resolve_visible_scope(ready.owner), model=second) is None
    assert not is_model_ready(second.spec)
    assert encoders.make_encoder(second.spec) is not loaded


def test_pages_name_the_demo_model_only_while_it_is_active(ready: SampleTeam) -> None:
    client = sign_in_client(ready.owner)
    assert client.get("/search/", {"q": "a blue thing"}).context["our_site"].has_demo_model
    switch_model()

    assert not client.get("/search/", {"q": "a blue thing"}).context["our_site"].has_demo_model
