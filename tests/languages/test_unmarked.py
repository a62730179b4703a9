"""Every sentence in templates and Python is marked for translation."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from collections_app import errors
from tests.languages.extraction import MODULES, ROOT, TEMPLATES, called

# The product's name, and a class that one template gives another as a block.
SAME_IN_ALL_LANGUAGES = {"imagesearch", "manage"}
# What can be typed into the search box is no language of people's, nor is what stands on keys.
NOT_READ = {"script", "style", "code", "kbd"}
READ_ATTRIBUTES = {"alt", "aria-label", "title", "placeholder"}
_MARKED = re.compile(r"""_\(("[^"]*"|'[^']*')\)""")
_LITERAL = re.compile(r"""("[^"]*"|'[^']*')""")
_WORD = re.compile(r"[A-Za-z]{2,}")
_OUR_ERRORS = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}
_SAYING = {
    "ValidationError",
    "add_error",
    "success",
    "error",
    "warning",
    "info",
    "message_user",
    "UploadResult",
    *_OUR_ERRORS,
}
_READ_ARGUMENTS = {"label", "help_text", "empty_label", "description", "error", "rejection"}


class TextOfPage(HTMLParser):
    """Collects what people see or hear of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag in NOT_READ
        self.texts += [value for name, value in attrs if name in READ_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in NOT_READ

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.texts.append(data)


def is_sentence_of_template(literal: str) -> bool:
    """Names of templates, addresses and icons have no capitals and blanks, those of formats nothing but capitals.

    Formats of dates are single letters.
    """
    is_format = literal.isupper() or re.fullmatch(r".[A-Za-z](-[A-Za-z])*.", literal)
    return re.search(r"[A-Z ]", literal) is not None and not is_format


def bare_texts(source: str) -> list[str]:
    """Return the words of a template outside of its tags, and the sentences that its tags are given unmarked."""
    html, is_inside = "", False
    found: list[str] = []
    for token in Lexer(source).tokenize():
        word = token.contents.split(" ", 1)[0]
        if word in {"blocktranslate", "endblocktranslate"}:
            is_inside = word == "blocktranslate"
        elif token.token_type == TokenType.TEXT and not is_inside:
            html += token.contents
        elif token.token_type == TokenType.VAR or word not in {"translate", "load"}:
            found += filter(is_sentence_of_template, _LITERAL.findall(_MARKED.sub("", token.contents)))
    parser = TextOfPage()
    parser.feed(html)
    words = (word for text in parser.texts for word in _WORD.findall(text))
    return found + [word for word in words if word not in SAME_IN_ALL_LANGUAGES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_contain_no_untranslatable_text(path: Path) -> None:
    assert bare_texts(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %}</p>', []),
        ("<p>{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}</p>", []),
        ('<img alt="A dog">', ["dog"]),
        ('{% include "_button.html" with text="Try again" only %}', ['"Try again"']),
        ('{% include "_button.html" with text=_("Try again") only %}', []),
        ('{{ day|date:"j F Y" }}', ['"j F Y"']),
    ],
)
def test_unmarked_texts_are_found(source: str, found: list[str]) -> None:
    assert bare_texts(source) == found


def unmarked(source: str) -> Iterator[str]:
    """Yield the literals that are said to people as they stand."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and not ast.unparse(node.func).startswith("log."):
            named = [each.value for each in node.keywords if each.arg in _READ_ARGUMENTS]
            for each in (*(node.args if called(node) in _SAYING else ()), *named):
                if is_sentence(each):
                    yield ast.unparse(each)


def is_sentence(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and _WORD.search(str(part.value)) for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


SPEAKING = [path for path in MODULES if "management" not in path.parts and path.name != "checks.py"]


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_contain_no_untranslatable_sentence(path: Path) -> None:
    """The commands and checks speak English to administrators."""
    assert [*unmarked(path.read_text())] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_marked_inside_an_f_string(path: Path) -> None:
    """xgettext does not read f-strings, so `make messages` would delete the translation."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            assert names.isdisjoint({"_", "gettext", "ngettext", "pgettext"})


def test_unmarked_sentences_are_found() -> None:
    assert [*unmarked('raise NameTaken("It is taken.")')] == ["'It is taken.'"]
    assert [*unmarked('messages.success(request, f"{name} is gone.")')] == ["f'{name} is gone.'"]
    assert [*unmarked('raise NameTaken(_("It is taken."))')] == []
    assert [*unmarked('messages.error(request, f"{name}: {reason}")')] == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if "views" in path.parts], ids=lambda path: str(path.relative_to(ROOT))
)
def test_views_show_errors_translated(path: Path) -> None:
    """`messages.describe_error` tells it in the reader's language."""
    assert "str(error)" not in path.read_text()


def test_scripts_contain_no_sentences() -> None:
    """Their words come from the page: a literal with a capital and a blank would be a sentence."""
    found = {
        (path.name, literal[1])
        for path in (ROOT / "static" / "js").glob("*.js")
        for literal in re.findall(r"""(["'`])([A-Z][a-z]+ [^"'`]*)\1""", path.read_text())
    }
    assert found == set()


def test_every_sentence_that_scripts_use_is_on_the_page() -> None:
    templates = "".join(path.read_text() for path in TEMPLATES)
    messages = {
        name
        for path in (ROOT / "static" / "js").glob("*.js")
        for call in re.findall(r"getMessage\(([^;]*)", path.read_text())
        for name in re.findall(r'"([a-z-]+)"', call)
    }
    assert messages, "the scripts say something"
    assert {name for name in messages if f'data-{name}="' not in templates} == set()
