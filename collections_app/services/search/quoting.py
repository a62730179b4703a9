r"""Quotation marks of the query language, including typographic ones. \" and \\ mean the characters themselves."""

import re

# What keyboards and word processors write for a quotation mark.
_MARKS = '"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}'
_MARKS += "\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
QUOTATION_MARKS = _MARKS + "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
_ESCAPED = rf"\\[{QUOTATION_MARKS}\\]"
_TOKEN = re.compile(
    rf"(?:{_ESCAPED}|[^\s{QUOTATION_MARKS}]|[{QUOTATION_MARKS}](?:{_ESCAPED}|[^{QUOTATION_MARKS}])*(?:[{QUOTATION_MARKS}]|$))+"
)
_MARK = re.compile(rf"\\([{QUOTATION_MARKS}\\])|[{QUOTATION_MARKS}]")
_PLAIN = re.compile(rf"(?!//)[^\s\\{QUOTATION_MARKS}]+")


def split_tokens(text: str) -> list[str]:
    """Split at blanks outside quotation marks. A quotation that is not closed extends to the end."""
    return _TOKEN.findall(text)


def has_open_quotation(text: str) -> bool:
    return sum(match[1] is None for match in _MARK.finditer(text)) % 2 == 1


def remove_quotes(text: str) -> str:
    """Return the text without its quotation marks and escapes, with single blanks."""
    return " ".join(_MARK.sub(lambda match: match[1] or " ", text).split())


def quote_text(text: str) -> str:
    """Return the text in quotation marks, with escapes. `remove_quotes` is the inverse."""
    escaped = re.sub(rf"([{QUOTATION_MARKS}\\])", r"\\\1", text)
    return f'"{escaped}"'


def quote_value(value: str) -> str:
    """Return the value of a filter as it is written after the colon, quoted if necessary."""
    return value if _PLAIN.fullmatch(value) else quote_text(value)
