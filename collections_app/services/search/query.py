"""The language of the search box: words, examples, weights, "not this" and conditions, in one line of text.

a white dog                      one sentence
horse + stripes                  both; -fruit, - ripe fruit and -"ripe fruit": not this
2:golden retriever               twice as important, also within quotation marks, as rclip has it
like:123 -like:124               like this picture, unlike that one
by:me in:"Summer 2025" after:2025-06 portrait min:2000px
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

MAX_ITEMS = 20
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 10.0
SHAPES = ("portrait", "landscape", "square")
KEYS = (
    *("by", "in", "team", "after", "before", "added-after", "added-before"),
    *("is", "min", "format", "tag", "sort"),
)
_LIKE = "like"
_CAN_BE_NEGATIVE = {"tag"}
# Dashes that keyboards and word processors put in place of a minus.
_SIGNS = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1, "\N{EN DASH}": -1}
_CHUNK = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
# What a digit follows is a time or a proportion: 10:30, 16:9.
_WEIGHT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?|\.\d{1,3}):(?=[^\s\d])")
_WEIGHT_WITHIN = re.compile(rf'"{_WEIGHT.pattern}(?=[^\s"])')
_KEY = re.compile(r"([A-Za-z][A-Za-z-]*):(?!//)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What pictures are compared with: words, or an example (`is_example`, then `value` names it)."""

    value: str
    is_example: bool = False
    weight: float = 1.0

    def __str__(self) -> str:
        sign = "-" if self.weight < 0 else ""
        weight = f"{abs(self.weight):g}:" if abs(self.weight) != 1 else ""
        if self.is_example:
            return f"{sign}{weight}{_LIKE}:{self.value}"
        needed = "1:" if not weight and _WEIGHT.match(self.value) else weight
        return f"{sign}{needed}{_quoted(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What pictures have to meet: one of KEYS and its value."""

    key: str
    value: str
    is_negative: bool = False

    def __str__(self) -> str:
        value = self.value if re.fullmatch(r'[^\s"]+', self.value) else _quoted(self.value)
        return f"{'-' if self.is_negative else ''}{self.key}:{value}"


Item = Part | Condition


@dataclass(frozen=True, slots=True)
class Query:
    """What a line of text says, in its order. `problems` are sentences about what could not be read."""

    items: tuple[Item, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def parts(self) -> list[Part]:
        return [item for item in self.items if isinstance(item, Part)]

    @property
    def conditions(self) -> list[Condition]:
        return [item for item in self.items if isinstance(item, Condition)]

    def without(self, item: Item) -> "Query":
        return Query(tuple(each for each in self.items if each is not item))

    def with_item(self, item: Item) -> "Query":
        """Add an item in place of the same condition; an example that is there already gets the new weight."""
        kept = [each for each in self.items if each != item and not _same_example(each, item)]
        return Query((*kept, item))

    def reweighted(self, part: Part, weight: float) -> "Query":
        return Query(tuple(replace(part, weight=weight) if each is part else each for each in self.items))

    def __str__(self) -> str:
        """The line that says the same; one plain sentence needs no quotation marks."""
        sentences = [part for part in self.parts if not part.is_example]
        plain = sentences[0] if len(sentences) == 1 and _is_plain(sentences[0]) else None
        return " ".join(plain.value if plain and item is plain else str(item) for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """One chunk of the line. `sign` is 0 where none is written; `is_alone`: it is nothing but a sign."""

    value: str
    sign: int = 0
    weight: float | None = None
    key: str = ""
    is_quoted: bool = False
    is_alone: bool = False

    @property
    def stands_apart(self) -> bool:
        return bool(self.sign or self.weight or self.key or self.is_quoted)


def parse_query(text: str) -> Query:
    """Read a line; never raises. Each problem's chunk is left out of the items."""
    problems: list[str] = []
    items: list[Item] = []
    for item in _items(map(_token, _CHUNK.findall(text))):
        if problem := _problem(item):
            problems.append(problem)
        elif len(items) == MAX_ITEMS:
            problems.append(_("A search has at most %(count)s parts.") % {"count": MAX_ITEMS})
            break
        else:
            items.append(item)
    return Query(tuple(items), tuple(problems))


def like(image_id: int, *, weight: float = 1.0) -> Part:
    return Part(value=str(image_id), is_example=True, weight=weight)


def _token(chunk: str) -> _Token:
    rest = chunk.lstrip("".join(_SIGNS))
    sign = _SIGNS.get(chunk[0], 0) if len(rest) < len(chunk) else 0
    weight = _WEIGHT.match(rest) or _WEIGHT_WITHIN.match(rest)
    value = rest[: weight.start(1)] + rest[weight.end() :] if weight else rest
    key = _KEY.fullmatch(value)
    return _Token(
        value=_unquoted(key[2] if key else value),
        sign=sign,
        weight=float(weight[1]) if weight else None,
        key=key[1].lower() if key else "",
        is_quoted=value.startswith('"'),
        is_alone=not rest,
    )


def _items(tokens: Iterable[_Token]) -> Iterator[Item]:
    """Group words that follow each other into sentences; a sign written to a word takes that word alone."""
    words: list[str] = []
    weight, waiting_sign = 1.0, 0
    for token in tokens:
        if words and (token.is_alone or token.stands_apart):
            yield _sentence(words, weight)
            words = []
        if token.is_alone:
            waiting_sign = token.sign
            continue
        if not words:
            weight = (token.sign or waiting_sign or 1) * (1.0 if token.weight is None else token.weight)
        waiting_sign = 0
        if token.key:
            yield _pair(token, weight)
        elif token.is_quoted or token.sign:
            yield from [Part(value=token.value, weight=weight)] if token.value else []
        else:
            words.append(token.value)
    if words:
        yield _sentence(words, weight)


def _sentence(words: list[str], weight: float) -> Item:
    text = " ".join(words)
    if text.lower() in SHAPES and weight == 1:
        return Condition(key="is", value=text.lower())
    return Part(value=text, weight=weight)


def _pair(token: _Token, weight: float) -> Item:
    if token.key == _LIKE:
        return Part(value=token.value, is_example=True, weight=weight)
    return Condition(key=token.key, value=token.value, is_negative=weight < 0)


def _problem(item: Item) -> str:
    if isinstance(item, Part):
        if not LEAST_WEIGHT <= abs(item.weight) <= MOST_WEIGHT:
            names = {"least": f"{LEAST_WEIGHT:g}", "most": f"{MOST_WEIGHT:g}", "weight": f"{abs(item.weight):g}"}
            return _("A weight is a number from %(least)s to %(most)s, not %(weight)s.") % names
        return "" if item.value else _("After “like:” the number of a picture is missing.")
    if item.key not in KEYS:
        return _("“%(key)s:” is not known here. Put words with a colon into quotation marks.") % {"key": item.key}
    if not item.value:
        return _("After “%(key)s:” something is missing.") % {"key": item.key}
    if item.is_negative and item.key not in _CAN_BE_NEGATIVE:
        return _("“-%(key)s:” is not possible: words, examples and tags can be excluded.") % {"key": item.key}
    return ""


def _same_example(first: Item, second: Item) -> bool:
    if not (isinstance(first, Part) and isinstance(second, Part)):
        return False
    return first.is_example and second.is_example and first.value == second.value


def _is_plain(part: Part) -> bool:
    """Tell whether the words can stand without quotation marks and mean the same."""
    if part.is_example or part.weight != 1:
        return False
    read = list(_items(map(_token, _CHUNK.findall(part.value))))
    return read == [part]


def _quoted(words: str) -> str:
    return f'"{words}"'


def _unquoted(text: str) -> str:
    return " ".join(text.replace('"', " ").split())
