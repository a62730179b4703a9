"""The compiled catalogue, which Django reads, says what the catalogue says."""

from pathlib import Path

import polib
import pytest

from tests.languages.extraction import ROOT

CATALOGUES = sorted((ROOT / "collections_app" / "locale").glob("*/LC_MESSAGES/django.po"))

Entries = dict[tuple[str | None, str, str], str | dict[int, str]]


def read_entries(catalogue: polib.POFile | polib.MOFile) -> Entries:
    """Return the translations by context, sentence and plural."""
    return {
        (each.msgctxt, each.msgid, each.msgid_plural): each.msgstr_plural or each.msgstr
        for each in catalogue.translated_entries()
    }


def test_there_is_a_catalogue() -> None:
    assert [path.parts[-3] for path in CATALOGUES] == ["ru"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_agrees_with_its_source(path: Path) -> None:
    """Where this fails, run `make messages` and commit both files."""
    source, compiled = polib.pofile(str(path)), polib.mofile(str(path.with_suffix(".mo")))
    assert read_entries(compiled) == read_entries(source)
    assert compiled.metadata == source.metadata
