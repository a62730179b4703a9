"""The floors: a module imports only from lower ones. Function-local and TYPE_CHECKING imports count."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "collections_app"
FLOORS = {
    "errors": 0,
    "imaging": 1,
    "wording": 1,
    "encoders": 2,
    "index": 2,
    "models": 3,
    "services": 4,
    **dict.fromkeys(
        (
            "signals",
            "access",
            "adapters",
            "headers",
            "receiving",
            "forms",
            "admin",
            "checks",
            "context",
            "templatetags",
            "management",
        ),
        5,
    ),
    "views": 6,
    "urls": 7,
    "apps": 7,
}
MODULES = sorted(path for path in APP.rglob("*.py") if not {"migrations", "demo"} & set(path.relative_to(APP).parts))


def imported_rooms(path: Path) -> Iterator[str]:
    """Yield the rooms of collections_app that a file imports from, and "imagesearch" for the configuration."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            top, _, rest = name.partition(".")
            if top == "collections_app":
                yield rest.split(".")[0]
            elif top == "imagesearch":
                yield top


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_a_module_imports_only_from_lower_floors(path: Path) -> None:
    room = path.relative_to(APP).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    allowed = {other for other, floor in FLOORS.items() if floor < FLOORS[room]} | {room}
    if path.name in ("demo.py", "evaluate.py") and room == "management":
        allowed.add("demo")
    if room == "apps":
        allowed.add("signals")
    assert set(imported_rooms(path)) <= allowed


def test_check_starts_without_torch_and_milvus() -> None:
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'imagesearch.settings'\n"
        "import django; django.setup()\n"
        "from django.core.management import call_command; call_command('check')\n"
        "heavy = {'torch', 'transformers', 'pymilvus', 'milvus_lite', 'grpc'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.parametrize("path", sorted((APP / "demo").rglob("*.py")), ids=lambda path: path.name)
def test_the_demo_stands_beside_the_floors(path: Path) -> None:
    assert set(imported_rooms(path)) <= {"demo", "errors", "encoders", "imaging"}


def test_relative_imports_stay_in_their_room() -> None:
    """They are not read above: so they may reach their own folder only, and the rooms of one file use none."""
    leaving = [
        path.name
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level > (path.parent != APP)
    ]
    assert leaving == []


def test_no_template_asks_the_site_that_allauth_puts_over_ours() -> None:
    asking = [path.name for path in (ROOT / "templates").rglob("*.html") if re.search(r"[ =]site\.", path.read_text())]
    assert asking == []
