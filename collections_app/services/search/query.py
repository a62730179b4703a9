"""The query language of the search box: words, examples, weights, exclusions and filters in one line.

a white dog                      one sentence
horse + stripes                  both; -fruit, - ripe fruit and -"ripe fruit": not this
2:golden retriever               twice as important, also within quotation marks (the syntax of rclip)
like:123 -like:124               like this picture, unlike that one
by:me in:"Summer 2025" after:2025-06 portrait min:2000px
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from collections_app.services.search.filters import FILTER_KEYS, FILTERS, SHAPES, FilterTerm

MAX_ITEMS = 20
MAX_QUERY_LENGTH = 500
MIN_WEIGHT, MAX_WEIGHT = 0.1, 10.0
_LIKE = "like"
# Keyboards and word processors write these dashes for a minus.
_SIGNS = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1, "\N{EN DASH}": -1}
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
# A digit after the colon means a time or a ratio: 10:30, 16:9.
_WEIGHT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?|\.\d{1,3}):(?=[^\s\d])")
_WEIGHT_WITHIN = re.compile(rf'"{_WEIGHT.pattern}(?=[^\s"])')
_KEY = re.compile(r"([A-Za-z][A-Za-z-]*):(?!//)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words or an example to compare pictures with. The value of an example (`is_example`) is its name."""

    value: str
    is_example: bool = False
    weight: float = 1.0

    def __str__(self) -> str:
        sign = "-" if self.weight < 0 else ""
        weight = f"{abs(self.weight):g}:" if abs(self.weight) != 1 else ""
        if self.is_example:
            name = _quote(self.value) if " " in self.value else self.value
            return f"{sign}{weight}{_LIKE}:{name}"
        needed = "1:" if not weight and _WEIGHT.match(self.value) else weight
        return f"{sign}{needed}{_quote(self.value)}"


Item = Term | FilterTerm


@dataclass(frozen=True, slots=True)
class Query:
    """A query in its written order. `problems` are messages about parts that could not be read."""

    items: tuple[Item, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def terms(self) -> list[Term]:
        return [item for item in self.items if isinstance(item, Term)]

    @property
    def filters(self) -> list[FilterTerm]:
        return [item for item in self.items if isinstance(item, FilterTerm)]

    def remove(self, item: Item) -> "Query":
        return Query(tuple(each for each in self.items if each is not item))

    def add(self, item: Item) -> "Query":
        """Append an item. It replaces an equal filter, and the same example with another weight."""
        kept = [each for each in self.items if each != item and not _is_same_example(each, item)]
        return Query((*kept, item))

    def change_weight(self, term: Term, weight: float) -> "Query":
        return Query(tuple(replace(term, weight=weight) if each is term else each for each in self.items))

    def __str__(self) -> str:
        """Return the query as text. A single plain sentence needs no quotation marks."""
        sentences = [term for term in self.terms if not term.is_example]
        plain = sentences[0] if len(sentences) == 1 and _is_plain(sentences[0]) else None
        return " ".join(plain.value if plain and item is plain else str(item) for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """One word of the line. `sign` is 0 if none is written. `is_sign_only`: nothing follows the sign."""

    value: str
    sign: int = 0
    weight: float | None = None
    key: str = ""
    is_quoted: bool = False
    is_sign_only: bool = False

    @property
    def is_separate(self) -> bool:
        return bool(self.sign or self.weight or self.key or self.is_quoted)


def clean_query(text: str) -> str:
    """Return the text without control characters and broken Unicode, with single blanks, cut to MAX_QUERY_LENGTH."""
    readable = text[: MAX_QUERY_LENGTH * 4].encode(errors="ignore").decode()
    printable = "".join(character if character.isprintable() else " " for character in readable)
    return " ".join(printable.split())[:MAX_QUERY_LENGTH]


def parse_query(text: str) -> Query:
    """Read a line. Never raises: what cannot be read becomes a problem and is left out of the items."""
    problems: list[str] = []
    items: list[Item] = []
    for item in _group_tokens(map(_read_token, _WORD.findall(text))):
        if problem := _find_problem(item):
            problems.append(problem)
        elif len(items) == MAX_ITEMS:
            problems.append(_("A search has at most %(count)s parts.") % {"count": MAX_ITEMS})
            break
        else:
            items.append(item)
    return Query(tuple(items), tuple(problems))


def make_example_term(image_id: int, *, weight: float = 1.0) -> Term:
    """Return the term `like:image_id`."""
    return Term(value=str(image_id), is_example=True, weight=weight)


def _read_token(word: str) -> _Token:
    rest = word.lstrip("".join(_SIGNS))
    sign = _SIGNS.get(word[0], 0) if len(rest) < len(word) else 0
    weight = _WEIGHT.match(rest) or _WEIGHT_WITHIN.match(rest)
    value = rest[: weight.start(1)] + rest[weight.end() :] if weight else rest
    key = _KEY.fullmatch(value)
    return _Token(
        value=_strip_quotes(key[2] if key else value),
        sign=sign,
        weight=float(weight[1]) if weight else None,
        key=key[1].lower() if key else "",
        is_quoted=value.startswith('"'),
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


def _find_problem(item: Item) -> str:
    if isinstance(item, Term):
        if not MIN_WEIGHT <= abs(item.weight) <= MAX_WEIGHT:
            names = {"least": f"{MIN_WEIGHT:g}", "most": f"{MAX_WEIGHT:g}", "weight": f"{abs(item.weight):g}"}
            return _("Weights must be between %(least)s and %(most)s, not %(weight)s.") % names
        return "" if item.value else _("Write the number of a picture after “like:”.")
    if item.key not in FILTER_KEYS:
        return _("“%(key)s:” isn't a filter. Put words with a colon in quotation marks.") % {"key": item.key}
    if not item.value:
        return _("Write something after “%(key)s:”.") % {"key": item.key}
    if item.is_negative and not (item.key in FILTERS and FILTERS[item.key].can_be_negative):
        return _("“-%(key)s:” isn't supported. You can exclude words, examples and tags.") % {"key": item.key}
    return ""


def _is_same_example(first: Item, second: Item) -> bool:
    if not (isinstance(first, Term) and isinstance(second, Term)):
        return False
    return first.is_example and second.is_example and first.value == second.value


def _is_plain(term: Term) -> bool:
    """Whether the words mean the same without quotation marks."""
    if term.is_example or term.weight != 1:
        return False
    read = list(_group_tokens(map(_read_token, _WORD.findall(term.value))))
    return read == [term]


def _quote(words: str) -> str:
    return f'"{words}"'


def _strip_quotes(text: str) -> str:
    return " ".join(text.replace('"', " ").split())
