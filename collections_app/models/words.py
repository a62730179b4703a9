"""The words of names. Folding makes the spellings of one word equal. Scripts without blanks are split into pairs.

PostgreSQL folds and splits with the same character classes; see `services.search.name_index.postgresql`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Longer texts and words are cut, because PostgreSQL limits the length of a tsvector and of its words.
MAX_TEXT_LENGTH, MAX_WORD_LENGTH = 10_000, 200
# Persian has this character between the parts of some words. Many people type a blank there, or nothing.
ZWNJ = "\N{ZERO WIDTH NON-JOINER}"


def _build_class(characters: Iterable[str]) -> str:
    """Return a character class for these characters, without the brackets."""
    points = sorted(map(ord, characters))
    ranges: list[list[int]] = []
    for point in points:
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" if last > first else chr(first) for first, last in ranges)


def _list_range(*ranges: tuple[int, int]) -> list[str]:
    return [chr(point) for first, last in ranges for point in range(first, last + 1)]


# Accents of Latin, Greek and Cyrillic letters, Hebrew points, Arabic vowel signs, and characters without a width.
_STRIPPED = _list_range(
    *((0x300, 0x344), (0x346, 0x36F), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7)),
    *((0x610, 0x61A), (0x640, 0x640), (0x64B, 0x65F), (0x670, 0x670), (0x6D6, 0x6DC), (0x6DF, 0x6E8), (0x6EA, 0x6ED)),
    *((0xAD, 0xAD), (0x61C, 0x61C), (0x200B, 0x200B), (0x200D, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064)),
    *((0x2066, 0x206F), (0x20E3, 0x20E3), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F)),
)
# Scripts that are written without blanks between words. Korean has blanks, but not within compounds.
_UNSPACED = _list_range(
    *((0xE01, 0xE3A), (0xE40, 0xE4E), (0xE81, 0xECF), (0xEDC, 0xEDF), (0xF40, 0xF84), (0xF88, 0xFBC)),
    *((0x1000, 0x103F), (0x1050, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17D3), (0x17DC, 0x17DD), (0x1950, 0x19DF)),
    *((0x1A20, 0x1A7F), (0x1B05, 0x1B4B), (0x3005, 0x3007), (0x3041, 0x309A), (0x309D, 0x309F), (0x30A1, 0x30FA)),
    *((0x30FC, 0x312F), (0x3131, 0x318E), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xA000, 0xA48C), (0xA960, 0xA97C), (0xA984, 0xA9C0), (0xA9E0, 0xA9EF), (0xAA60, 0xAA7F), (0xAC00, 0xD7FB)),
    *((0xF900, 0xFAFF), (0x1B000, 0x1B16F), (0x20000, 0x3134F)),
)
_EMOJI = [
    character
    for character in _list_range((0x2190, 0x2BFF), (0x3030, 0x303D), (0x1F000, 0x1FAFF))
    if unicodedata.category(character) == "So"
]
_OTHER_MARKS = {
    character
    for character in _list_range(
        (0x483, 0x2DFF), (0x302A, 0x302F), (0xA66F, 0xABFF), (0xFB1E, 0xFE2F), (0x10000, 0x1FFFF)
    )
    if unicodedata.category(character) in ("Mn", "Mc")
} - {*_STRIPPED, *_UNSPACED}
STRIPPED, UNSPACED, EMOJI, MARKS = map(_build_class, (_STRIPPED, _UNSPACED, _EMOJI, _OTHER_MARKS))

_DIGITS = {
    character: str(unicodedata.decimal(character))
    for character in _list_range((0x660, 0xFFFF))
    if unicodedata.category(character) == "Nd"
}
# Letters that people write in two ways but NFKD does not decompose: Arabic and Persian, Turkish, Nordic, final sigma,
# Greek iota below a letter, old Cyrillic. All spellings of a tag, which differ in `casefold` only, have the same words.
SINGLE_LETTERS = {
    **dict(zip("يىكةەھ", "ییکههه", strict=True)),
    **dict(zip("ıøđłħς\N{COMBINING GREEK YPOGEGRAMMENI}", "iodlhσι", strict=True)),  # noqa: RUF001
    **dict(zip("ᲀᲁᲂᲃᲄᲅᲆᲇᲈ", "вдосттъѣꙋ", strict=True)),
    **_DIGITS,
}
DOUBLE_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ᾳ": "αι", "ῃ": "ηι", "ῳ": "ωι"}  # noqa: RUF001

_STRIPPED_PATTERN = re.compile(f"[{STRIPPED}]")
_TRANSLATION = str.maketrans({**SINGLE_LETTERS, **DOUBLE_LETTERS})
_WORD = re.compile(rf"[{UNSPACED}]+|[{EMOJI}]|(?:[^\W_{UNSPACED}]|[{MARKS}{ZWNJ}])+")
_UNSPACED_PATTERN = re.compile(f"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class NameWord:
    """A folded word. Its `tokens` are stored in this order. A search finds all parts of an `is_unspaced` word."""

    text: str
    is_unspaced: bool = False

    @property
    def joined(self) -> str:
        return self.text.replace(ZWNJ, "")[:MAX_WORD_LENGTH]

    @property
    def parts(self) -> list[str]:
        """The parts between half-spaces; none if there is no half-space within the word."""
        parts = [part[:MAX_WORD_LENGTH] for part in self.text.split(ZWNJ) if part]
        return parts if len(parts) > 1 else []

    @property
    def pairs(self) -> list[str]:
        """Each letter of an unspaced script with its successor, without the last letter."""
        return [self.text[place : place + 2] for place in range(len(self.text) - 1)]

    @property
    def tokens(self) -> list[str]:
        return [*self.pairs, self.text[-1]] if self.is_unspaced else [self.joined, *self.parts]


def fold_spelling(text: str) -> str:
    """Return the text in lower case and full width, without accents and points, with one letter for its variants."""
    letters = _STRIPPED_PATTERN.sub("", unicodedata.normalize("NFKD", text[:MAX_TEXT_LENGTH]))
    return unicodedata.normalize("NFKC", letters).lower().translate(_TRANSLATION)


def find_words(text: str) -> list[NameWord]:
    """Return the words: runs of letters and digits, runs of an unspaced script, single emoji."""
    return list(_iterate_words(fold_spelling(text)))


def split_words(text: str) -> list[str]:
    """Return the folded words as text. Quotation marks, operators and lone accents are dropped."""
    return [word.text for word in find_words(text)]


def build_scoped_tokens(text: str | None, team_id: int | None, collection_id: int | None) -> str:
    """Return the tokens of a name as the index stores them: each once for its team and once for its collection.

    A search adds the prefixes of its scopes to its words, so it reads nothing about other teams.
    """
    tokens = [token for word in find_words(text or "") for token in word.tokens]
    prefixes = build_scope_prefixes([team_id or 0], [collection_id or 0])
    return " ".join(f"{prefix}{token}" for prefix in prefixes for token in tokens)


def build_scope_prefixes(team_ids: Iterable[int], collection_ids: Iterable[int]) -> list[str]:
    """Return the prefixes of the tokens of these teams and collections."""
    return [*(f"t{pk}·" for pk in team_ids), *(f"c{pk}·" for pk in collection_ids)]


def _iterate_words(folded: str) -> Iterator[NameWord]:
    for match in _WORD.finditer(folded):
        text = match[0].strip(ZWNJ)
        if text:
            yield NameWord(text, is_unspaced=bool(_UNSPACED_PATTERN.match(text)))
