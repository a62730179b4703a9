"""CLIP_MODEL: the first model of a site, and later one of the kept models."""

import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from collections_app.encoders import ModelSpec, get_encoder
from collections_app.errors import ModelChangeRefused
from collections_app.models import Image, IndexModel, ModelState
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.model_changes import (
    drop_model,
    switch_model,
)
from collections_app.services.indexing.model_settings import ensure_active_model, refuse_unprepared_model
from collections_app.services.indexing.worker import IndexWorker
from tests.other_model import encode_all
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db(transaction=True)


def name_model(settings: Settings, folder: Path) -> None:
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = str(folder)


@pytest.fixture
def started(sample: SampleTeam) -> SampleTeam:
    """A site that was started with the demo's model and has indexed its picture."""
    ensure_active_model()
    IndexWorker().drain()
    return sample


@pytest.fixture
def switched(started: SampleTeam, other: ModelSpec) -> SampleTeam:
    encode_all(other)
    switch_model()
    return started


def test_first_start_stores_the_model_of_the_settings(sample: SampleTeam) -> None:
    encoder = get_encoder()

    ensure_active_model()

    row = IndexModel.objects.get()
    assert (row.name, row.dtype, row.key, row.dim) == ("demo", encoder.dtype, encoder.key, encoder.dim)
    assert row.state == ModelState.ACTIVE


def test_update_of_a_site_encodes_nothing_again(sample: SampleTeam) -> None:
    """Earlier versions stored no model."""
    IndexWorker().drain()
    assert not IndexModel.objects.exists()

    call_command("index_worker", "--drain")

    image = Image.objects.get()
    assert image.has_vector_of(get_active_model().key, IndexModel.objects.get().fields)
    assert image.is_indexed


def test_update_with_another_model_is_refused(sample: SampleTeam, settings: Settings, other_folder: Path) -> None:
    IndexWorker().drain()
    name_model(settings, other_folder)

    with pytest.raises(ModelChangeRefused, match="indexed with the model model, but CLIP_MODEL is"):
        ensure_active_model()
    assert not IndexModel.objects.exists()


def test_another_model_may_be_named_while_nothing_is_indexed(
    sample: SampleTeam, settings: Settings, other_folder: Path
) -> None:
    ensure_active_model()
    name_model(settings, other_folder)

    assert ensure_active_model().name == str(other_folder)

    IndexWorker().drain()
    assert Image.objects.get().index_model_key == get_active_model().key != ""
    assert IndexModel.objects.active().count() == 1


@pytest.mark.parametrize("words", [["model"], ["index_worker", "--drain"], ["web", "--port", "0"], ["reindex"]])
def test_changing_the_setting_alone_stops_every_start(
    words: list[str], started: SampleTeam, settings: Settings, other_folder: Path
) -> None:
    name_model(settings, other_folder)

    with pytest.raises(CommandError, match=r"manage\.py model prepare"):
        call_command(*words)


def test_unknown_model_is_refused_without_looking_for_it(started: SampleTeam, settings: Settings) -> None:
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = "nobody/no-model"

    with pytest.raises(ModelChangeRefused, match="indexed with the model demo, but CLIP_MODEL is nobody/no-model"):
        refuse_unprepared_model()


def test_moved_folder_is_the_same_model(
    sample: SampleTeam, settings: Settings, other_folder: Path, tmp_path: Path
) -> None:
    name_model(settings, Path(shutil.copytree(other_folder, tmp_path / "before" / "rotated")))
    ensure_active_model()
    IndexWorker().drain()
    moved = Path(shutil.move(tmp_path / "before", tmp_path / "after")) / "rotated"
    name_model(settings, moved)

    ensure_active_model()

    assert get_active_model().name == str(moved)
    assert get_active_model().encoder.key == Image.objects.get().index_model_key


def test_number_format_may_be_written_out(started: SampleTeam, settings: Settings) -> None:
    settings.CLIP_DTYPE = get_active_model().row.dtype
    refuse_unprepared_model()
    settings.CLIP_DTYPE = "float32" if settings.CLIP_DTYPE == "bfloat16" else "bfloat16"

    with pytest.raises(ModelChangeRefused):
        refuse_unprepared_model()


def test_site_that_switched_starts_with_either_name(
    switched: SampleTeam, settings: Settings, other: ModelSpec, other_folder: Path
) -> None:
    assert ensure_active_model().name == other.source
    name_model(settings, other_folder)
    assert ensure_active_model().name == other.source

    drop_model("demo", pause=lambda _seconds: None)

    assert ensure_active_model().name == other.source
    settings.CLIP_MODEL, settings.CLIP_MODEL_PATH = "demo", str(settings.DEMO_MODEL_DIR)
    with pytest.raises(ModelChangeRefused, match=f"indexed with the model {other.source}, but CLIP_MODEL is demo"):
        ensure_active_model()
