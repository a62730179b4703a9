"""Texts and names on the command line that begin with a minus."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from collections_app.models import Collection
from collections_app.services.indexing.worker import IndexWorker
from tests.processes.installation import make_empty_installation
from tests.sample_team import SampleTeam, picture_bytes


def run_command(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "words",
    [
        *(
            ["-snow"],
            ["-snow dog"],
            ["--", "-snow"],
            ["-house"],
            ["-vegetables"],
            ["--night"],
            ["-tag:old"],
            ["\N{EN DASH}snow"],
        ),
        ["-snow", "--limit", "3", "-v", "0"],
    ],
)
def test_search_may_begin_with_a_minus(words: list[str], sample: SampleTeam) -> None:
    IndexWorker().drain()
    options = ["--user", "owner@example.com", "--json"]
    for line in ([*options, *words], [words[0], *options, *words[1:]] if words[0] != "--" else [*options, *words]):
        assert [row["id"] for row in json.loads(run_command("search", *line))] == [sample.image.pk]


@pytest.mark.django_db(transaction=True)
def test_names_in_options_may_begin_with_a_minus(sample: SampleTeam, tmp_path: Path) -> None:
    (tmp_path / "blue.png").write_bytes(picture_bytes("blue"))
    run_command("import_images", str(tmp_path), "--collection", "-old", "--user", "owner@example.com")
    assert Collection.objects.filter(name="-old").exists()
    run_command("reindex", "--collection", "-old", "--no-wait")


@pytest.mark.django_db
@pytest.mark.parametrize("words", [[], ["a", "b"], ["a", "--limit"], ["a", "--limit", "x"], ["a", "--sheet"]])
def test_wrong_arguments_are_still_refused(words: list[str], sample: SampleTeam) -> None:
    with pytest.raises(CommandError):
        run_command("search", "--user", "owner@example.com", *words)


def test_the_shell_passes_such_a_text_on(tmp_path: Path) -> None:
    process = make_empty_installation(tmp_path).start("search", "-snow", "--user", "nobody@example.com")
    assert "There is no account with the email address nobody@example.com." in process.communicate(timeout=200)[0]
