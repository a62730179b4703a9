"""`manage.py model`: another model without an interruption of searches."""

import signal
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from collections_app.models import IndexJob, IndexModel, RelevanceJudgment
from collections_app.services.indexing import model_changes
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from tests.other_model import make_rotated_model
from tests.sample_team import SampleTeam, put_pictures
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_rotated_model(tmp_path_factory.mktemp("models") / "rotated")


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The commands catch signals; the test run wants its own back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_changes, "LONGEST_SEARCH_S", 0)


@pytest.fixture
def indexed(sample: SampleTeam) -> SampleTeam:
    put_pictures(sample, 3)
    IndexWorker().drain()
    return sample


def typed(*words: str) -> str:
    out = StringIO()
    call_command("model", *words, stdout=out, stderr=out)
    return out.getvalue()


def test_whole_change_of_the_model(indexed: SampleTeam, folder: Path, settings: Settings) -> None:
    assert typed() == typed("show") == f"demo: 128 dimensions, {get_active_model().key}\n"

    prepared = typed("prepare", str(folder), "--share-of-machine", "90")
    assert f"Preparing {folder}: 0 of 4 pictures." in prepared
    assert f"{folder} is ready." in prepared
    assert f"{folder}: ready, 4 of 4 pictures" in typed("show")
    switched = typed("switch")
    assert f"{folder} is active now. demo is kept up to date until: manage.py model drop demo" in switched
    assert f"Set CLIP_MODEL={folder} before you drop it." in switched
    assert "demo is active now." in typed("rollback")
    typed("switch")
    with pytest.raises(CommandError, match="CLIP_MODEL still names demo"):
        typed("drop", "demo")
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = str(folder)
    assert "demo is dropped." in typed("drop", "demo")

    assert typed() == f"{folder}: 128 dimensions, {get_active_model().key}\n"
    assert_index_agrees()


def test_preparation_without_waiting_is_left_to_the_index_worker(indexed: SampleTeam, folder: Path) -> None:
    assert "An index worker continues" in typed("prepare", str(folder), "--no-wait", "--share-of-machine", "20")
    assert IndexJob.objects.count() == 4
    assert f"{folder}: preparing, 0 of 4 pictures" in typed()

    call_command("index_worker", "--drain")

    assert "is ready" in typed("prepare", str(folder))


def test_relative_folder_is_stored_as_an_absolute_one(
    indexed: SampleTeam, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)

    typed("prepare", "rotated", "--no-wait")

    assert IndexModel.objects.get(state="preparing").name == str(folder)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["prepare", "demo"], "demo is the active model already"),
        (["prepare", "/nowhere/at/all"], "There is no folder /nowhere/at/all"),
        (["prepare", "demo", "--dtype", "float7"], "CLIP_DTYPE is float7"),
        (["switch"], "No other model is kept"),
        (["rollback"], "No other model is kept"),
        (["drop", "demo"], "is the active model"),
        (["drop", "nothing"], "There is no model nothing here"),
        (["compare"], "Only one model is kept"),
        (["prepare", "demo", "--share-of-machine", "0"], "a whole number from 1 to 100"),
    ],
    ids=" ".join,
)
def test_impossible_changes_are_explained(words: list[str], sentence: str, indexed: SampleTeam) -> None:
    with pytest.raises(CommandError, match=sentence):
        typed(*words)

    assert not IndexJob.objects.exists()
    assert get_active_model().name == "demo"


def test_models_are_compared_by_what_the_site_finds_with_each(indexed: SampleTeam, folder: Path) -> None:
    RelevanceJudgment.objects.create(user=indexed.owner, query="a red thing", image=indexed.image, is_right=True)
    typed("prepare", str(folder))

    table = typed("compare", "--k", "1")

    assert (
        f"Ranked: what the site's search finds over everything that each person who judged may see, by demo and "
        f"{folder}." in table
    )
    assert "they are equal in 1 of 1 queries" in table


@pytest.mark.parametrize(("options", "state"), [([], "ready"), (["--no-wait"], "preparing")])
def test_checks_cover_every_kept_model(options: list[str], state: str, indexed: SampleTeam, folder: Path) -> None:
    """Pictures that wait for the model in preparation are counted, and no differences."""
    typed("prepare", str(folder), *options)
    checked, verified = StringIO(), StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("reindex", "--check", "--deep", stdout=checked)
    call_command("verify", stdout=verified)  # it would exit with 1

    assert ended.value.code == 0
    assert "demo (active):" in checked.getvalue()
    assert f"{folder} ({state}):" in checked.getvalue()
    assert checked.getvalue().count("altered") == 2
    for out in (checked, verified):
        assert ("not encoded 4" in " ".join(out.getvalue().split())) is (state == "preparing")
