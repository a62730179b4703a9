"""The problems of a search that cannot be understood. A search with a problem finds nothing."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from django.http import QueryDict
from django.utils.translation import gettext as _

from collections_app.errors import SearchNotUnderstood
from collections_app.models.ids import parse_id
from collections_app.models.names import fold_name
from collections_app.services.search.filter_terms import FilterTerm

Named = TypeVar("Named")
_CLOSE = 0.6
# Parameters that restrict the scope of a search.
SCOPE_PARAMETERS = ("collection", "team")
# The only values of parameters that change how results are shown.
_SWITCHES = {"all": ("1",), "titles": ("1",), "rate": ("1",), "show": ("all", "")}
_MODEL_TAG = re.compile(r"[0-9a-f]{8}")
_NUMBERS = ("page", "after_id", "before_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that cannot be understood: a part of the query, a parameter of the address, or the whole query.

    `sentence` is for people. `replacement` is a suggestion for `part`, which names only things that the person may see.
    """

    sentence: str
    part: object = None
    parameter: str = ""
    replacement: object = None

    def __str__(self) -> str:
        return self.sentence


def describe_problems(problems: Iterable[Problem]) -> str:
    return " ".join(problem.sentence for problem in problems)


def reject_problems(problems: Sequence[Problem]) -> None:
    """Raises SearchNotUnderstood with the sentences of the problems, if there are any."""
    if problems:
        raise SearchNotUnderstood(describe_problems(problems))


def find_close_name(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most similar to the given one, or ""."""
    by_folded = {fold_name(each): each for each in known}
    close = get_close_matches(fold_name(name), by_folded, n=1, cutoff=_CLOSE)
    return by_folded[close[0]] if close else ""


def add_suggestion(sentence: str, suggestion: str) -> str:
    if not suggestion:
        return sentence
    question = _("Did you mean “%(name)s”?") % {"name": suggestion}
    return f"{sentence} {question}"


def suggest_value(term: FilterTerm, suggestion: str) -> FilterTerm | None:
    return FilterTerm(key=term.key, value=suggestion, is_negative=term.is_negative) if suggestion else None


def find_parameter_problems(parameters: Mapping[str, str]) -> list[Problem]:
    """Return the problems of parameters that change how results are shown, and of parameters sent more than once."""
    problems = [_make_value_problem(name, parameters[name]) for name in _list_unreadable(parameters)]
    if isinstance(parameters, QueryDict):
        repeated = [name for name in ("q", *SCOPE_PARAMETERS) if len(set(parameters.getlist(name))) > 1]
        sentence = _("The address has more than one value of “%(name)s”.")
        problems += [Problem(sentence=sentence % {"name": name}, parameter=name) for name in repeated]
    return problems


def _list_unreadable(parameters: Mapping[str, str]) -> list[str]:
    switches = [name for name, known in _SWITCHES.items() if parameters.get(name, known[0]) not in known]
    numbers = [name for name in _NUMBERS if parameters.get(name) and parse_id(parameters[name]) is None]
    offset = parameters.get("offset", "")
    if offset and parse_id(offset) is None and offset != "0":
        numbers.append("offset")
    cutoffs = ["cutoffs"] if parameters.get("cutoffs") and not _are_cutoffs(parameters["cutoffs"]) else []
    return [*switches, *numbers, *cutoffs]


def _are_cutoffs(text: str) -> bool:
    """Return whether the text is two numbers and, except in addresses of earlier versions, the tag of a model."""
    likely, possible, *tags = text.split("_", 2)[:3] if "_" in text else ("", "")
    try:
        has_numbers = not (math.isnan(float(likely)) or math.isnan(float(possible)))
    except ValueError:
        return False
    return has_numbers and all(map(_MODEL_TAG.fullmatch, tags))


def _make_value_problem(name: str, value: str) -> Problem:
    sentence = _("“%(value)s” can't be used for “%(name)s” in the address.")
    return Problem(sentence=sentence % {"value": value[:50], "name": name}, parameter=name)
