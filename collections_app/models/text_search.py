"""Full-text search over names with SQLite (FTS5) and PostgreSQL (tsvector), for `Image.objects.matching_names`."""

import re
import unicodedata
from typing import Any

from django.db import models

_WORD = re.compile(r"[^\W_]+")
_ENGLISH = "a|an|the|and|or|of|in|on|at|to|with|without|by|for|from|is|are|my"
_RUSSIAN = "и|или|а|в|во|на|с|со|без|из|к|ко|по|у|о|об|от|до|за|для|под|над"  # noqa: RUF001
_STOP_WORD = re.compile(f"{_ENGLISH}|{_RUSSIAN}")


def split_words(text: str) -> list[str]:
    """Return the runs of letters and digits, in lower case. Quotation marks, operators and lone accents are dropped."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def drop_stop_words(text: str) -> str:
    """Return the words without articles, prepositions and the like, or all words if there are no others."""
    words = split_words(text)
    return " ".join([word for word in words if not _STOP_WORD.fullmatch(word)] or words)


def strip_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f")


def build_fts5_query(text: str) -> str:
    """Return an FTS5 query for all words; the last word is a prefix.

    FTS5 keeps the accents of some letters, so each word matches with and without its accents.
    """
    words = split_words(text)
    terms = [_match_either_form(word, "") for word in words[:-1]] + [
        _match_either_form(word, "*") for word in words[-1:]
    ]
    return " AND ".join(terms)


def build_tsquery(text: str) -> str:
    """Return the same as a tsquery for PostgreSQL, where rows are stored without accents."""
    words = [f"'{strip_accents(word)}'" for word in split_words(text)]
    return f"{' & '.join(words)}:*"


def _match_either_form(word: str, star: str) -> str:
    forms = dict.fromkeys([word, unicodedata.normalize("NFC", strip_accents(word))])
    return "(" + " OR ".join(f'"{form}"{star}' for form in forms) + ")"


class WordsField(models.TextField[str, str]):
    """The search index's own form of an image's names. Filter it with `__matching`; its value cannot be read."""


@WordsField.register_lookup
class WordsMatching(models.Lookup[str]):
    lookup_name = "matching"

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} MATCH %s", [*params, build_fts5_query(self.rhs)]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @@ %s::tsquery", [*params, build_tsquery(self.rhs)]


class NameRank(models.Func):
    """The distance of an image's names from the words. An image's own names weigh more than its collection's name.

    On SQLite it is bm25, which FTS5 gives in the hidden column `rank`; on PostgreSQL the negative of `ts_rank`.
    """

    output_field = models.FloatField()

    def __init__(self, words: str, text: str) -> None:
        super().__init__(models.F(words), models.Value(text))

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[str | int, ...]]:
        column: Any = self.get_source_expressions()[0]
        return f"{connection.ops.quote_name(column.alias)}.rank", ()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        column, text = self.get_source_expressions()
        sql, params = compiler.compile(column)
        return f"-ts_rank({sql}, %s::tsquery, 2)", [*params, build_tsquery(text.value)]  # 2: long names weigh less
