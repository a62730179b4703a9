"""A folder from somebody else: nothing outside it is read, whatever metadata.json says, and nothing is half done."""

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from collections_app.errors import InvalidExport
from collections_app.models import Collection, Team
from collections_app.services.exports.document import parse_document
from tests.sample_team import SampleTeam
from tests.services.exports.teams import read_metadata_file, run_command

with_database = pytest.mark.django_db(transaction=True)

CHECKSUM = hashlib.sha256(b"x").hexdigest()
VALID: dict[str, Any] = {
    "format": "imagesearch team export",
    "version": 1,
    "team": {"name": "Garden"},
    "collections": [
        {"folder": "Garden", "name": "Garden", "description": "", "created_at": "2024-01-01T00:00:00+00:00"}
    ],
    "images": [
        {
            "file": "Garden/rose.png",
            "sha256": CHECKSUM,
            "byte_size": 1,
            "original_name": "rose.png",
            "title": "",
            "description": "",
            "tags": ["a"],
            "taken_at": "2024-01-01T00:00:00",
            "taken_offset_minutes": 60,
            "has_taken_time": True,
            "date_edited_at": None,
            "created_at": "2024-01-01T00:00:00+00:00",
            "is_cover": False,
            "is_favourite": False,
        }
    ],
    "different_pictures": [],
}
HOSTILE_VALUES: dict[str, tuple[object, ...]] = {
    "file": (
        *("../secret", "/etc/passwd", "Garden/../../secret", "Garden/..", "Garden/", "rose.png", "Garden/a/b.png"),
        *(
            "Garden\\rose.png",
            "C:/rose.png",
            "Garden/a\x00.png",
            "Garden/ ",
            "./rose.png",
            "Elsewhere/rose.png",
            7,
            None,
        ),
    ),
    "sha256": ("", "x" * 64, CHECKSUM.upper(), None, 5),
    "byte_size": (0, -1, 2**60, "1", True, 1.5),
    "title": ("x" * 201, None, [], "\x00", "\ud800"),
    "description": ("x" * 2001, {}),
    "tags": ("a", [1], ["x" * 201], ["\ud800"], ["a"] * 201, None),
    "taken_at": ("yesterday", "2024-02-30T00:00:00", "2024-01-01T00:00:00+01:00", 5),
    "taken_offset_minutes": (10_000, "60", 1.5),
    "created_at": ("2024-01-01T00:00:00", "9999-01-01T00:00:00+00:00", None, "0001-01-01T00:00:00+23:59"),
    "is_favourite": (None, 1, "yes"),
}


def test_valid_document_is_read() -> None:
    assert parse_document(json.dumps(VALID).encode()).images[0].folder == "Garden"


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in HOSTILE_VALUES.items() for value in values]
)
def test_value_that_no_export_has_is_refused_with_its_place(name: str, value: object) -> None:
    document = copy.deepcopy(VALID)
    document["images"][0][name] = value
    with pytest.raises(InvalidExport, match=r"images\[0\]|collection that it does not name"):
        parse_document(json.dumps(document).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"format": "x"}',
        b'{"format": "imagesearch team export", "version": 99}',
        b'{"format": "imagesearch team export", "version": 1, "team": [], "collections": {}}',
        b"9" * 5000,
    ],
)
def test_other_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidExport):
        parse_document(data)


def repeat_image(document: dict[str, Any]) -> None:
    document["images"] *= 2


def repeat_collection(document: dict[str, Any]) -> None:
    document["collections"].append({**document["collections"][0], "folder": "other", "name": "GARDEN"})


@pytest.mark.parametrize("change", [repeat_image, repeat_collection])
def test_repeated_names_are_refused(change: Callable[[dict[str, Any]], None]) -> None:
    document = copy.deepcopy(VALID)
    change(document)
    with pytest.raises(InvalidExport, match="twice"):
        parse_document(json.dumps(document).encode())


@pytest.fixture
def folder(sample: SampleTeam, tmp_path: Path) -> Path:
    run_command("export_team", "Gardeners", str(tmp_path / "out"))
    return tmp_path / "out"


def refuse(folder: Path, sample: SampleTeam, sentence: str) -> None:
    """Import, which fails and creates nothing."""
    before = Team.objects.count(), Collection.objects.count()
    with pytest.raises(CommandError, match=sentence):
        run_command("import_team", str(folder), "--owner", sample.outsider.email)
    assert (Team.objects.count(), Collection.objects.count()) == before


@with_database
def test_changed_metadata_is_refused(folder: Path, sample: SampleTeam) -> None:
    path = folder / "metadata.json"
    path.write_text(path.read_text().replace("Garden", "Harden"))
    refuse(folder, sample, "was changed or is damaged")


@with_database
def test_missing_or_changed_pictures_are_refused(folder: Path, sample: SampleTeam) -> None:
    rose = folder / "Garden" / "rose.png"
    content = rose.read_bytes()
    rose.write_bytes(content[:-1] + b"x")
    refuse(folder, sample, "is damaged")
    rose.write_bytes(content + b"x")
    refuse(folder, sample, "is larger than")
    rose.unlink()
    refuse(folder, sample, "is missing")


@with_database
@pytest.mark.parametrize("is_folder", [False, True])
def test_links_out_of_the_folder_are_refused(folder: Path, sample: SampleTeam, tmp_path: Path, is_folder: bool) -> None:
    """The target has the right checksum, so that nothing but the link is wrong."""
    linked = folder / "Garden" if is_folder else folder / "Garden" / "rose.png"
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    refuse(folder, sample, "is missing from the export, or is no plain file")


@with_database
def test_folder_that_is_no_export_is_refused(sample: SampleTeam, tmp_path: Path) -> None:
    refuse(tmp_path, sample, "“metadata.json” is missing")
    (tmp_path / "no.zip").write_bytes(b"no ZIP file")
    refuse(tmp_path / "no.zip", sample, "ZIP file is damaged")
    refuse(tmp_path / "nowhere", sample, "There is no")


@with_database
def test_original_name_of_an_export_is_cleaned(folder: Path) -> None:
    document = read_metadata_file(folder)
    document["images"][0]["original_name"] = "../../etc/passwd"
    assert parse_document(json.dumps(document).encode()).images[0].original_name == "passwd"
