"""Catalogues are compiled when they are needed, anew when they have changed, and never into the sources."""

import gettext
import os
from pathlib import Path

import pytest

from imagesearch.languages import compiled_catalogues

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "dog"\nmsgstr "{}"\n'


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "ru" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO.format("собака"))
    return path


def read(folder: Path) -> str:
    return gettext.translation("django", folder, ["ru"]).gettext("dog")


def test_a_catalogue_is_compiled_beside_the_data(catalogue: Path, tmp_path: Path) -> None:
    assert read(compiled_catalogues(tmp_path / "source", tmp_path / "data")) == "собака"
    assert [path.name for path in catalogue.parent.iterdir()] == ["django.po"]


def test_a_changed_catalogue_is_compiled_anew_whatever_its_time(catalogue: Path, tmp_path: Path) -> None:
    compiled_catalogues(tmp_path / "source", tmp_path / "data")
    catalogue.write_text(PO.format("пёс"))
    os.utime(catalogue, (0, 0))
    assert read(compiled_catalogues(tmp_path / "source", tmp_path / "data")) == "пёс"


def test_an_unchanged_catalogue_is_left_alone(catalogue: Path, tmp_path: Path) -> None:
    compiled = compiled_catalogues(tmp_path / "source", tmp_path / "data") / "ru" / "LC_MESSAGES" / "django.mo"
    before = compiled.stat().st_ino
    compiled_catalogues(tmp_path / "source", tmp_path / "data")
    assert compiled.stat().st_ino == before
