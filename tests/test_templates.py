"""How templates are written: short lines, partials with explicit values, nothing unused."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INCLUDE = re.compile(r"{% include (.*?) %}")
MAX_LINE = 120


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_lines_are_short_and_partials_get_explicit_values(path: Path) -> None:
    text = path.read_text()
    assert [line for line in text.splitlines() if len(line) > MAX_LINE] == []
    assert [found for found in INCLUDE.findall(text) if not found.endswith(" only")] == []


def test_every_partial_is_used() -> None:
    sources = "".join(path.read_text() for path in (*TEMPLATES, *(ROOT / "collections_app").rglob("*.py")))
    names = [path.relative_to(ROOT / "templates").as_posix() for path in TEMPLATES if path.name.startswith("_")]
    assert [name for name in names if f'"{name}"' not in sources] == []
