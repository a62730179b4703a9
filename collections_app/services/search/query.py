"""The query language of the search box: words, examples, weights, exclusions and filters in one line.

a white dog                      one sentence
horse + stripes                  both; -fruit, - ripe fruit and -"ripe fruit": not this
2:golden retriever               twice as important, also within quotation marks (the syntax of rclip)
like:123 -like:124               like this picture, unlike that one
by:me in:"Summer 2025" after:2025-06 portrait min:2000px

A part that cannot be read stays in the query and gets a problem. A search with a problem finds nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from django.utils.translation import gettext as _

from collections_app.models.names import clean_name
from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.filters import FILTER_KEYS, FILTERS, SHAPES
from collections_app.services.search.problems import Problem, add_suggestion, find_close_name
from collections_app.services.search.quoting import (
    QUOTATION_MARKS,
    has_open_quotation,
    quote_text,
    quote_value,
    remove_quotes,
    split_tokens,
)

MAX_ITEMS = 20
MAX_QUERY_LENGTH = 500
MIN_WEIGHT, MAX_WEIGHT = 0.1, 10.0
# A picture is far more similar to other pictures than words are: with weight 1 it would outweigh the rest of a query.
ADDED_EXAMPLE_WEIGHT = 0.3
_LIKE = "like"
# Keyboards and word processors write these dashes for a minus.
_SIGNS = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1, "\N{EN DASH}": -1}
# A digit after the colon means a time or a ratio: 10:30, 16:9.
_WEIGHT = re.compile(r"(\d{1,6}(?:[.,]\d{1,6})?|[.,]\d{1,6}):(?=[^\s\d])")
_WEIGHT_WITHIN = re.compile(rf"[{QUOTATION_MARKS}]{_WEIGHT.pattern}(?=[^\s{QUOTATION_MARKS}])")
# Keys in other alphabets match too, so that they are reported. Chinese and Japanese keyboards type the wide colon.
_KEY = re.compile(r"([^\W\d_][\w-]*)[:\N{FULLWIDTH COLON}](?!//)(.*)", re.DOTALL)
_DETACHED_COLON = re.compile(
    rf"(?:^|\s)[-+]?({'|'.join((*FILTER_KEYS, _LIKE))})\s+[:\N{{FULLWIDTH COLON}}]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words or an example to compare pictures with. The value of an example (`is_example`) is its name."""

    value: str
    is_example: bool = False
    weight: float = 1.0

    def __str__(self) -> str:
        sign = "-" if self.weight < 0 else ""
        weight = f"{_format_weight(self.weight)}:" if abs(self.weight) != 1 else ""
        if self.is_example:
            return f"{sign}{weight}{_LIKE}:{quote_value(self.value)}"
        needed = "1:" if not weight and _WEIGHT.match(self.value) else weight
        return f"{sign}{needed}{quote_text(self.value)}"


Item = Term | FilterTerm


@dataclass(frozen=True, slots=True)
class Query:
    """The parts of a query in their written order. `items` include the parts that `problems` are about."""

    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def terms(self) -> list[Term]:
        return [item for item in self.items if isinstance(item, Term)]

    @property
    def filters(self) -> list[FilterTerm]:
        return [item for item in self.items if isinstance(item, FilterTerm)]

    def remove(self, item: object) -> "Query":
        return Query(tuple(each for each in self.items if each is not item))

    def add(self, item: Item) -> "Query":
        """Append an item. It replaces an equal filter, and the same example with another weight."""
        kept = [each for each in self.items if each != item and not _is_same_example(each, item)]
        return Query((*kept, item))

    def add_example(self, image_id: int, *, sign: int) -> "Query":
        """Add a picture that results are to resemble (sign 1) or not (-1). It weighs less than words.

        A picture weighs 1 if it is the only term, or if it is one of several examples that results are to resemble.
        """
        example = make_example_term(image_id, weight=sign)
        others = [term for term in self.terms if not _is_same_example(term, example)]
        weight = ADDED_EXAMPLE_WEIGHT if any(sign < 0 or not term.is_example for term in others) else 1.0
        return self.add(replace(example, weight=sign * weight))

    def replace(self, item: object, replacement: Item) -> "Query":
        return Query(tuple(replacement if each is item else each for each in self.items))

    def change_weight(self, term: Term, weight: float) -> "Query":
        return self.replace(term, replace(term, weight=weight))

    def __str__(self) -> str:
        """Return the query as text. A single plain sentence needs no quotation marks."""
        sentences = [term for term in self.terms if not term.is_example]
        plain = sentences[0] if len(sentences) == 1 and _is_plain(sentences[0]) else None
        return " ".join(plain.value if plain and item is plain else str(item) for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """One word of the line. `sign` is 0 if the word has none. `is_sign_only`: nothing follows the sign."""

    value: str
    sign: int = 0
    weight: float | None = None
    key: str = ""
    is_quoted: bool = False
    is_sign_only: bool = False

    @property
    def is_separate(self) -> bool:
        return bool(self.sign or self.weight is not None or self.key or self.is_quoted)


def clean_query(text: str) -> str:
    """Return the text cleaned like names, at most MAX_QUERY_LENGTH characters."""
    return clean_name(text[: MAX_QUERY_LENGTH * 4])[:MAX_QUERY_LENGTH].strip()


def is_query_too_long(text: str) -> bool:
    return len(clean_name(text[: MAX_QUERY_LENGTH * 4])) > MAX_QUERY_LENGTH or len(text) > MAX_QUERY_LENGTH * 4


def parse_query(text: str) -> Query:
    """Read a line. Never raises: a part that cannot be read becomes a problem."""
    items = tuple(_group_tokens(map(_read_token, split_tokens(text))))
    problems = [*_find_text_problems(text), *filter(None, map(_find_problem, items))]
    if len(items) > MAX_ITEMS:
        sentence = _("A search has at most %(count)s parts. Remove some of them.") % {"count": MAX_ITEMS}
        problems.append(Problem(sentence=sentence))
    return Query(items, tuple(problems))


def extend_query_text(text: str, items: Sequence[Item]) -> str:
    """Return the line with more parts. A line that cannot be read as a whole keeps its text and its problem."""
    query = parse_query(clean_query(text))
    if any(problem.part is None for problem in query.problems) or is_query_too_long(text):
        return " ".join([*map(str, items), text])
    return str(reduce(Query.add, items, query))


def make_example_term(image_id: int, *, weight: float = 1.0) -> Term:
    """Return the term `like:image_id`."""
    return Term(value=str(image_id), is_example=True, weight=weight)


def _read_token(word: str) -> _Token:
    rest = word.lstrip("".join(_SIGNS))
    sign = min((_SIGNS[mark] for mark in word[: len(word) - len(rest)]), default=0)
    weight = _WEIGHT.match(rest) or _WEIGHT_WITHIN.match(rest)
    value = rest[: weight.start(1)] + rest[weight.end() :] if weight else rest
    key = _KEY.fullmatch(value)
    return _Token(
        value=remove_quotes(key[2] if key else value),
        sign=sign,
        weight=float(weight[1].replace(",", ".")) if weight else None,
        key=key[1].lower() if key else "",
        is_quoted=value.startswith(tuple(QUOTATION_MARKS)),
        is_sign_only=not rest,
    )


def _group_tokens(tokens: Iterable[_Token]) -> Iterator[Item]:
    """Group consecutive words into phrases. A sign attached to a word applies to that word only."""
    words: list[str] = []
    weight, waiting_sign = 1.0, 0
    for token in tokens:
        if words and (token.is_sign_only or token.is_separate):
            yield _make_phrase(words, weight)
            words = []
        if token.is_sign_only:
            waiting_sign = token.sign
            continue
        if not words:
            weight = (token.sign or waiting_sign or 1) * (1.0 if token.weight is None else token.weight)
        waiting_sign = 0
        if token.key:
            yield _make_keyed_item(token, weight)
        elif token.is_quoted or token.sign:
            yield from [Term(value=token.value, weight=weight)] if token.value else []
        else:
            words.append(token.value)
    if words:
        yield _make_phrase(words, weight)


def _make_phrase(words: list[str], weight: float) -> Item:
    text = " ".join(words)
    if text.lower() in SHAPES and weight == 1:
        return FilterTerm(key="is", value=text.lower())
    return Term(value=text, weight=weight)


def _make_keyed_item(token: _Token, weight: float) -> Item:
    if token.key == _LIKE:
        return Term(value=token.value, is_example=True, weight=weight)
    return FilterTerm(key=token.key, value=token.value, is_negative=weight < 0)


def _find_text_problems(text: str) -> list[Problem]:
    """Return the problems of the whole text. They belong to no single part, because parts may include what follows."""
    problems = []
    if has_open_quotation(text):
        sentence = _("A quotation mark has no counterpart. Write one before and one after the words.")
        problems.append(Problem(sentence=sentence))
    unquoted = " ".join(token for token in split_tokens(text) if not any(mark in token for mark in QUOTATION_MARKS))
    if detached := _DETACHED_COLON.search(unquoted):
        problems.append(Problem(sentence=_("Write “%(key)s:” without a space.") % {"key": detached[1].lower()}))
    return problems


def _find_problem(item: Item) -> Problem | None:
    sentence = _describe_term_problem(item) if isinstance(item, Term) else _describe_filter_problem(item)
    return Problem(sentence=sentence, part=item) if sentence else None


def _describe_term_problem(term: Term) -> str:
    if not MIN_WEIGHT <= abs(term.weight) <= MAX_WEIGHT:
        names = {"least": f"{MIN_WEIGHT:g}", "most": f"{MAX_WEIGHT:g}", "weight": _format_weight(term.weight)}
        return _("Weights must be between %(least)s and %(most)s, not %(weight)s.") % names
    return "" if term.value else _("Write the number of a picture after “like:”.")


def _describe_filter_problem(item: FilterTerm) -> str:
    if item.key not in FILTER_KEYS:
        sentence = _("“%(key)s:” isn't a filter. Put words with a colon in quotation marks.") % {"key": item.key}
        close = find_close_name(item.key, (*FILTER_KEYS, _LIKE)) if len(item.key) > 2 else ""
        return add_suggestion(sentence, f"{close}:" if close else "")
    if not item.value:
        return _("Write something after “%(key)s:”.") % {"key": item.key}
    if item.is_negative and not (item.key in FILTERS and FILTERS[item.key].can_be_negative):
        return _("“-%(key)s:” isn't supported. You can exclude words, examples and tags.") % {"key": item.key}
    return ""


def _format_weight(weight: float) -> str:
    return f"{abs(weight):.6f}".rstrip("0").rstrip(".")


def _is_same_example(first: Item, second: Item) -> bool:
    if not (isinstance(first, Term) and isinstance(second, Term)):
        return False
    return first.is_example and second.is_example and first.value == second.value


def _is_plain(term: Term) -> bool:
    """Whether the words mean the same without quotation marks."""
    if term.is_example or term.weight != 1:
        return False
    read = list(_group_tokens(map(_read_token, split_tokens(term.value))))
    return read == [term] and not has_open_quotation(term.value)
