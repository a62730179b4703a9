"""How things are called: each public name in one module, and functions that begin with a verb.

`python -m tests.test_names` prints what these tests find.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).parent.parent / "collections_app"
MODULES = sorted(path for path in APP.rglob("*.py") if "migrations" not in path.parts)
# Names that Django, waitress and scripts ask for.
CONVENTIONS = {
    "forward",  # torch calls modules by it
    *("Command", "main", "ready", "as_sqlite", "as_postgresql", "shutdown"),
    *("service", "log", "register"),
    # Two modules with one interface, for two databases.
    *("TRIGGERS", "LIST_TRIGGERS", "DROP_TRIGGERS", "REBUILD"),
}
# The vocabulary of drawings: each function is named by what it draws.
DRAWINGS = {f"demo/{name}.py" for name in ("animals", "backdrops", "indoors", "outdoors", "shapes")}
# First words of functions, as verbs.
VERBS = frozenset((Path(__file__).parent / "verbs.txt").read_text().split())
# Classes whose public methods answer for a library, which names them.
_ADAPTED = (
    *("Form", "Field", "Admin", "Handler", "Adapter", "Storage", "Middleware", "QuerySet", "Manager", "Lookup"),
    *("ListFilter", "Parser", "Channel", "Server", "Task", "FileIO", "RawIOBase", "Servicer"),
)


# Words of earlier versions; `docs/development.md` lists the terms in use.
RETIRED = re.compile(
    r"\b(stretch(es|ed)?|asked|yardsticks?|dividers?|looks|twins?|going_on|leftovers?|housekeeping|judging"
    r"|take[sn]?[ _]back|take along|let go of|whoever|anew|shall|household|chooser"
    r"|choose pictures|chosen pictures)\b",
    re.IGNORECASE,
)
ROOT = APP.parent
FOLDERS = ("collections_app", "docs", "imagesearch", "static", "templates", "tests")
TEXT_SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".txt"}


def find_retired_words() -> list[str]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in TEXT_SUFFIXES]
    files = [path for path in (*files, *ROOT.glob("*.md")) if path != Path(__file__) and "migrations" not in path.parts]
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := RETIRED.search(line))
    ]


def public_names() -> dict[str, list[str]]:
    """For each public function, class and constant the modules that define it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            for name in _defined_names(node):
                if not name.startswith("_"):
                    found[name].append(path.relative_to(APP).as_posix())
    return found


def _defined_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def repeated_names() -> dict[str, list[str]]:
    names = public_names().items()
    return {name: places for name, places in names if len(places) > 1 and name not in CONVENTIONS}


def functions_without_verb() -> list[str]:
    """Functions and methods outside views, properties, query sets and template tags whose first word is no verb."""
    return [
        f"{path.relative_to(APP).as_posix()}: {node.name}"
        for path in MODULES
        if "views" not in path.parts and path.relative_to(APP).as_posix() not in DRAWINGS
        for node in _functions(path)
        if node.name.lstrip("_").split("_")[0] not in VERBS and node.name not in CONVENTIONS
    ]


def _functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not _is_tag(node):
            yield node
        if isinstance(node, ast.ClassDef) and not _is_adapted(node):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            yield from (each for each in methods if not each.name.startswith("__") and not _is_property(each))


def _is_adapted(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).split("[")[0].endswith(_ADAPTED) for base in node.bases)


def _is_property(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(each) in ("property", "cached_property") for each in node.decorator_list)


def _is_tag(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(each).startswith("register.") for each in node.decorator_list)


def test_a_public_name_is_defined_in_one_module_only() -> None:
    assert repeated_names() == {}


def test_functions_begin_with_a_verb() -> None:
    assert functions_without_verb() == []


def test_no_retired_word_is_used() -> None:
    assert find_retired_words() == []


if __name__ == "__main__":
    for name, places in repeated_names().items():
        print(f"{name}: {', '.join(places)}")
    print("\n".join(functions_without_verb()))
    print("\n".join(find_retired_words()))
