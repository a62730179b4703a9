"""The sentences that code and templates mark for translation, found without GNU gettext."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted(
    path for path in (ROOT / "collections_app").rglob("*.py") if not {"migrations", "demo"} & set(path.parts)
)
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})

_SINGULAR = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_CONTEXT = {"pgettext", "pgettext_lazy"}
_STRING = r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_CALL = re.compile(rf"\b(\w+)\(\s*{_STRING}(?:\s*,\s*{_STRING})?")


class Message(NamedTuple):
    context: str
    singular: str
    plural: str = ""


def marked_messages() -> set[Message]:
    code = (message for path in MODULES for message in in_module(path.read_text()))
    return {*code, *(message for path in TEMPLATES for message in in_template(path.read_text()))}


def in_module(source: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            values = [each.value if isinstance(each, ast.Constant) else None for each in node.args]
            yield from _message(called(node), [value for value in values if isinstance(value, str)])


def in_template(source: str) -> Iterator[Message]:
    for name, *strings in _CALL.findall(templatize(source)):
        yield from _message(name, [ast.literal_eval(string) for string in strings if string])


def called(node: ast.Call) -> str:
    """Return the last part of the called name: `error` for `messages.error(…)`."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _message(function: str, strings: list[str]) -> Iterator[Message]:
    if function in _SINGULAR and strings:
        yield Message("", strings[0])
    elif function in _PLURAL and len(strings) > 1:
        yield Message("", strings[0], strings[1])
    elif function in _CONTEXT and len(strings) > 1:
        yield Message(strings[0], strings[1])
