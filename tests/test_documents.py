"""The documents: every path, target, command, setting and module that they name exists, and links resolve."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.test_architecture import SERVICE_IMPORTS

ROOT = Path(__file__).parent.parent
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS = [*GUIDES, ROOT / "CHANGELOG.md", ROOT / "SECURITY.md"]
OPERATING, DEVELOPMENT, ARCHITECTURE = (
    ROOT / "docs" / f"{name}.md" for name in ("operating", "development", "architecture")
)
MAX_README_LINES = 150
# The tools make these; a fresh clone has none of them.
GENERATED = ("htmlcov", ".venv")
TOP_FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {".git", *GENERATED}
# Variables of other programs, of the tests and of the code, and former names of settings.
NO_SETTINGS = {
    *("BASE_IMAGE", "SITE_HOST", "TORCH_INDEX"),
    *("LOAD_SECONDS", "OMP_NUM_THREADS", "REQUIRE_BROWSER", "REQUIRE_SERVER", "SUPERSEDED_VERSIONS"),
    *("MAX_ARCHIVE_PICTURES", "TEAM_MAX_PICTURES"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "NAME_FILE", "SECRET_KEY_FILE"),
}

guides = pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def read_code(path: Path) -> list[str]:
    """Return the code of a document: spans between backticks, and indented lines."""
    text = path.read_text()
    spans = re.findall(r"`([^`]+)`", text)
    return [" ".join(span.split()) for span in spans] + re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)


def read_paths(path: Path) -> Iterator[str]:
    """Yield the words that have the form of a path of the repository, with the name of a test if one follows."""
    for word in " ".join(read_code(path)).split():
        name = word.split("::")[0]
        is_in_folder = "/" in name and name.split("/")[0] in TOP_FOLDERS
        if is_in_folder or re.fullmatch(r"[\w./-]+\.(py|md|toml|txt|html|po)", name):
            yield word


def read_anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def read_table(path: Path, heading: str) -> list[str]:
    """Return the first code span of each row of the tables under a heading."""
    section = re.split(r"^#+ ", path.read_text().split(f"\n## {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def read_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def read_commands() -> set[str]:
    return {name for name, app in get_commands().items() if app == "collections_app"}


@documents
def test_every_path_in_a_document_exists(path: Path) -> None:
    names = [word for word in read_paths(path) if not (ROOT / word.split("::")[0]).exists()]
    assert [name for name in names if not name.startswith(GENERATED)] == []


@documents
def test_every_test_in_a_document_exists(path: Path) -> None:
    tests = [word.split("::") for word in read_paths(path) if "::" in word]
    missing = [name for file, name in tests if f"def {name}(" not in (ROOT / file).read_text()]
    assert missing == []


@documents
def test_every_link_in_a_document_leads_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", path.read_text()):
        target, _, anchor = "".join(link).partition("#")
        if target.startswith("https://"):
            continue
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), target
        assert not anchor or anchor in read_anchors(linked), f"{target}#{anchor}"


@documents
def test_every_make_target_in_a_document_exists(path: Path) -> None:
    named = re.findall(r"(?:^|\s)make ([a-z][a-z-]+)", "\n".join(read_code(path)))
    assert set(named) <= read_targets()


@documents
def test_every_module_in_a_document_exists(path: Path) -> None:
    named = re.findall(r"\b(?:collections_app|imagesearch|tests)(?:\.[a-z_]+)+\b", "\n".join(read_code(path)))
    modules = [ROOT / name.replace(".", "/") for name in named if not name.endswith((".py", ".service"))]
    missing = [module for module in modules if not (module.is_dir() or module.with_suffix(".py").exists())]
    assert missing == []


@documents
def test_every_management_command_in_a_document_exists_with_its_options(path: Path) -> None:
    lines = re.findall(r"manage\.py ([a-z_]+)([^\n]*)", "\n".join(read_code(path)))
    for name, options in lines:
        assert name in get_commands()
        assert_options_exist(name, options)


def test_documented_commands_are_ours_with_their_options() -> None:
    rows = [row.partition(" ") for row in read_table(OPERATING, "Commands")]
    assert {name for name, _, _ in rows} == read_commands() | {"createsuperuser"}
    for name, _, options in rows:
        assert_options_exist(name, options)


def assert_options_exist(command: str, options: str) -> None:
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    actions = [each.choices for each in parser._actions if isinstance(each.choices, dict)]
    usage = "".join(each.format_help() for each in (parser, *(own for each in actions for own in each.values())))
    for option in re.findall(r"--[a-z-]+", options):
        assert re.search(rf"{option}\b", usage), f"{command} {option}"


@guides
def test_every_variable_in_a_guide_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"(?<![\w/])[A-Z]+(?:_[A-Z]+)+(?![\w_…])", "\n".join(read_code(path))))
    assert named - NO_SETTINGS <= set(read_table(OPERATING, "Settings"))


def test_every_make_target_is_in_the_table_of_targets() -> None:
    assert {row.removeprefix("make ") for row in read_table(DEVELOPMENT, "Set up")} == read_targets()


def test_every_benchmark_is_in_the_table_of_benchmarks() -> None:
    modules = (ROOT / "tests" / "benchmarks").glob("*.py")
    benchmarks = {path.stem for path in modules if 'if __name__ == "__main__"' in path.read_text()}
    assert set(read_table(DEVELOPMENT, "Benchmarks")) == benchmarks


def test_table_of_services_is_the_one_that_the_imports_are_checked_against() -> None:
    section = ARCHITECTURE.read_text().split("\n## Services\n")[1]
    rows = re.findall(r"^\| `(\w+)/?` \|[^|]*\|([^|]*)\|$", section, re.MULTILINE)
    assert {folder: set(re.findall(r"`(\w+)`", allowed)) for folder, allowed in rows} == SERVICE_IMPORTS


def test_every_guide_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [path.name for path in GUIDES[1:] if f"({path.relative_to(ROOT)})" not in readme] == []


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MAX_README_LINES


def test_paths_left_out_of_the_fast_tests_exist() -> None:
    left_out = re.findall(r"^SLOW := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [name for name in left_out[0].split() if not (ROOT / name).exists()] == []


def test_demo_says_first_how_long_it_takes() -> None:
    # A make that runs this test hands its own options down, and names the folder first.
    command = ["make", "--no-print-directory", "--dry-run", "--always-make", "demo"]
    outside_make = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=ROOT, env=outside_make, check=True, capture_output=True, text=True)
    planned = done.stdout.splitlines()
    assert "The first run takes about" in planned[0]
