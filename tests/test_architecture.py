"""The layers: a module imports only from lower ones. Function-local and TYPE_CHECKING imports count."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "collections_app"
LAYERS = (
    {"chunks", "errors", "request_ids"},
    {"imaging", "messages"},
    {"encoders", "index"},
    {"metrics"},
    {"models"},
    {"services"},
    {"activity", "date_forms", "known_devices", "log_filter", "provider_requests", "refusals"},
    {"signals", "permissions", "middleware", "upload_handlers", "context_processors", "adapters", "forms", "admin"}
    | {"attempt_cache", "checks", "templatetags", "account_forms"},
    {"management", "sharing_forms"},
    {"views"},
    {"urls", "apps"},
)
LAYER_OF = {area: number for number, areas in enumerate(LAYERS) for area in areas}
# Which folder of services/ may import which others.
SERVICE_IMPORTS = {
    "library": {"audit_trail"},
    "sharing": {"attempts", "audit_trail"},
    "uploads": {"leases", "library"},
    "indexing": {"audit_trail", "leases", "library"},
    "exports": {"audit_trail", "duplicates", "leases", "library", "sharing", "uploads"},
    "erasure": {"audit_trail", "indexing", "library", "sharing"},
    "duplicates": {"indexing", "library"},
    "search": {"indexing", "uploads"},
    "evaluation": {"indexing", "search"},
    "backup": {"indexing", "leases", "library", "search", "sharing"},
    "health": {"indexing", "library"},
    "monitoring": {"library"},
    "attempts": set[str](),
    "audit_trail": set[str](),
    "leases": set[str](),
    "mail": set[str](),
    "maintenance": {"audit_trail", "erasure", "exports", "indexing", "library", "mail", "search", "uploads"},
    "site_state": {"indexing", "library"},
}
# Beyond the layers: the commands that draw, and the configuration that connects the signals.
EXCEPTIONS = {
    "management/commands/demo.py": {"demo"},
    "management/commands/evaluate.py": {"demo"},
    "apps.py": {"signals"},
}
MODULES = sorted(path for path in APP.rglob("*.py") if not {"migrations", "demo"} & set(path.relative_to(APP).parts))


def imported_modules(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield what a file imports of ours, as names below collections_app; ("imagesearch",) for the configuration."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{_package(path, node)}{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            top, *rest = name.split(".")
            if top == "collections_app":
                yield tuple(rest)
            elif top == "imagesearch":
                yield (top,)


def _package(path: Path, node: ast.ImportFrom) -> str:
    parents = path.relative_to(ROOT).parts[: -node.level]
    return "".join(f"{parent}." for parent in parents) if node.level else ""


def module_name(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(APP).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imported_files() -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """For each module the modules that it imports, where `from package import name` may name either."""
    known = {module_name(path) for path in MODULES}
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for path in MODULES:
        for target in imported_modules(path):
            found = target if target in known else target[:-1]
            if found in known and found != module_name(path):
                graph[module_name(path)].add(found)
    return graph


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_a_module_imports_only_from_lower_layers(path: Path) -> None:
    name = module_name(path)
    if not name:
        return
    lower = {area for area, layer in LAYER_OF.items() if layer < LAYER_OF[name[0]]}
    allowed = lower | {name[0]} | EXCEPTIONS.get(path.relative_to(APP).as_posix(), set())
    assert {target[0] for target in imported_modules(path)} <= allowed


@pytest.mark.parametrize("path", [path for path in MODULES if "services" in path.parts], ids=lambda path: path.stem)
def test_service_folders_import_only_from_allowed_folders(path: Path) -> None:
    name = module_name(path)
    if name == ("services",):
        return
    targets = {target[1] for target in imported_modules(path) if target[0] == "services"}
    assert targets <= SERVICE_IMPORTS[name[1]] | {name[1]}


def test_no_import_is_circular() -> None:
    graph = imported_files()
    done: set[tuple[str, ...]] = set()

    def visit(name: tuple[str, ...], path: tuple[tuple[str, ...], ...]) -> None:
        assert name not in path, " -> ".join(".".join(each) for each in (*path, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*path, name))
            done.add(name)

    for module in list(graph):
        visit(module, ())


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
def test_demo_imports_only_from_allowed_folders(path: Path) -> None:
    assert {target[0] for target in imported_modules(path)} <= {"demo", "errors", "encoders", "imaging"}


def test_no_template_uses_a_variable_that_allauth_overwrites() -> None:
    asking = [path.name for path in (ROOT / "templates").rglob("*.html") if re.search(r"[ =]site\.", path.read_text())]
    assert asking == []
