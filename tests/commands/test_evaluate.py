"""`manage.py evaluate`: one model on the site's judgments, two models, and the demo's drawn scenes."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from safetensors.numpy import load_file, save_file

from collections_app.models import Image
from collections_app.services.evaluation.judgments import record_judgment
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def red_pictures(sample: SampleTeam) -> list[Image]:
    """Two right ones and two wrong ones for "red", indexed."""
    colours = {"red": (250, 5, 5), "blue": (5, 5, 250), "navy": (5, 5, 120)}
    images = [put_picture(sample.collection, sample.owner, f"{name}.png", colours[name]) for name in colours]
    for image in (sample.image, *images):
        is_right = image.original_name in ("rose.png", "red.png")
        record_judgment(user=sample.viewer, image=image, text="red", is_right=is_right)
    IndexWorker().drain()
    return [sample.image, *images]


@pytest.fixture
def inverted_model(settings: Settings, tmp_path: Path) -> str:
    """A model that thinks the opposite of the demo's: what is nearest there is farthest here."""
    folder = Path(shutil.copytree(settings.DEMO_MODEL_DIR, tmp_path / "inverted_model"))
    weights = load_file(folder / "model.safetensors")
    weights["text_projection.weight"] = -weights["text_projection.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return str(folder)


def evaluate(*words: str) -> str:
    out = StringIO()
    call_command("evaluate", *words, stdout=out)
    return out.getvalue()


def figures(printed: str, text: str) -> list[str]:
    (line,) = [line for line in printed.splitlines() if line.startswith(f"{text} ")]
    return line.removeprefix(text).split()


def test_active_model_is_evaluated_with_the_site_search(red_pictures: list[Image]) -> None:
    printed = evaluate("--k", "2")
    assert figures(printed, "query") == ["judged", "P@2", "R@2"]
    assert figures(printed, "red") == ["4", "1.000", "1.000"]
    assert figures(printed, "mean of 1 queries") == ["4", "1.000", "1.000"]
    assert "Ranked: what the site's search finds over everything that each person who judged may see" in printed


def test_query_that_cannot_be_understood_is_left_out(red_pictures: list[Image], sample: SampleTeam) -> None:
    record_judgment(user=sample.viewer, image=red_pictures[0], text="red in:nowhere", is_right=True)
    printed = evaluate("--k", "2")
    assert "in:nowhere" not in printed
    assert figures(printed, "mean of 1 queries") == ["4", "1.000", "1.000"]


def test_two_models_are_compared_on_the_rated_pictures(red_pictures: list[Image], inverted_model: str) -> None:
    printed = evaluate("--k", "2", "--compare", inverted_model)
    assert figures(printed, "red") == ["4", "1.000", "0.000", "1.000", "0.000", "A"]
    assert f"A (demo) is better in 1, B ({inverted_model}) in 0, and they are equal in 0 of 1 queries." in printed
    assert "only the pictures that are judged for it, not the whole site" in printed
    assert "demo: 0 pictures were encoded now, the others are indexed." in printed
    assert f"{inverted_model}: 4 pictures were encoded now" in printed


def test_comparison_says_where_models_cannot_differ(red_pictures: list[Image], inverted_model: str) -> None:
    assert "1 of the queries have no more than 10 judged pictures" in evaluate("--compare", inverted_model)


def test_model_without_an_index_is_evaluated_alone(red_pictures: list[Image], inverted_model: str) -> None:
    printed = evaluate("--k", "2", "--model", inverted_model)
    assert figures(printed, "red") == ["4", "0.000", "0.000"]
    assert "only the pictures that are judged for it" in printed


def test_team_option_limits_the_judgments(red_pictures: list[Image], sample: SampleTeam) -> None:
    assert figures(evaluate("--k", "2", "--team", "Gardeners"), "red") == ["4", "1.000", "1.000"]
    with pytest.raises(CommandError, match="Nobody has rated results yet"):
        evaluate("--team", str(sample.outsider.personal_team.pk))


def test_missing_judgments_are_an_error_that_says_what_to_do(sample: SampleTeam, settings: Settings) -> None:
    settings.CLIP_MODEL = "openai/clip-vit-base-patch32"
    with pytest.raises(CommandError, match="select “Rate results”"):
        evaluate()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--k", "0"], "must be a whole number"),
        (["--k", "many"], "must be a whole number"),
        (["--team", "Nobody"], "There is no team"),
        (["--demo", "--compare", "/nowhere/at/all"], "/nowhere/at/all"),
    ],
)
def test_wrong_argument_is_explained_in_a_sentence(sample: SampleTeam, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        evaluate(*words)


def test_demo_without_judgments_is_evaluated_by_the_drawn_scenes(sample: SampleTeam) -> None:
    printed = evaluate()
    # Some three of the scenes show a thing in a colour, so few of ten hits can be right; of things there are enough.
    assert float(figures(printed, "thing (24 queries)")[1]) > 0.9
    assert float(figures(printed, "a colour thing (206 queries)")[2]) > 0.9
    assert "the demo's 360 drawn scenes, judged by what is drawn" in printed


def test_drawn_scenes_distinguish_a_good_model_from_a_bad_one(red_pictures: list[Image], inverted_model: str) -> None:
    printed = evaluate("--demo", "--compare", inverted_model)
    *_, better = figures(printed, "colour (10 queries)")
    assert better == "10:0"
