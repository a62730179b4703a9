"""How words are looked for in names, on SQLite (FTS5) and PostgreSQL (tsvector); used by `Image.objects.named`."""

import re
import unicodedata
from typing import Any

from django.db import models

_WORD = re.compile(r"[^\W_]+")
_ENGLISH = "a|an|the|and|or|of|in|on|at|to|with|without|by|for|from|is|are|my"
_RUSSIAN = "и|или|а|в|во|на|с|со|без|из|к|ко|по|у|о|об|от|до|за|для|под|над"  # noqa: RUF001
_TELLS_NOTHING = re.compile(f"{_ENGLISH}|{_RUSSIAN}")


def split_words(text: str) -> list[str]:
    """Return runs of letters and digits. Nothing else is left of a text: no quotation mark, no operator, no accent
    that stands alone."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def telling_words(text: str) -> str:
    """Return the words without articles, prepositions and the like, which sentences have and names have not; all of
    them where there is nothing else."""
    words = split_words(text)
    return " ".join([word for word in words if not _TELLS_NOTHING.fullmatch(word)] or words)


def without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f")


def fts5_query(text: str) -> str:
    """All the words, the last one as a beginning. FTS5 leaves some letters their accents: both forms will do."""
    words = split_words(text)
    asked = [_either(word, "") for word in words[:-1]] + [_either(word, "*") for word in words[-1:]]
    return " AND ".join(asked)


def tsquery(text: str) -> str:
    """The same for PostgreSQL, whose rows have no accents at all."""
    words = [f"'{without_accents(word)}'" for word in split_words(text)]
    return f"{' & '.join(words)}:*"


def _either(word: str, star: str) -> str:
    forms = dict.fromkeys([word, unicodedata.normalize("NFC", without_accents(word))])
    return "(" + " OR ".join(f'"{form}"{star}' for form in forms) + ")"


class WordsField(models.TextField[str, str]):
    """What the search index knows of a picture: to be looked into by `__holding`, never to be read."""


@WordsField.register_lookup
class Holding(models.Lookup[str]):
    lookup_name = "holding"

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} MATCH %s", [*params, fts5_query(self.rhs)]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @@ %s::tsquery", [*params, tsquery(self.rhs)]


class NameRank(models.Func):
    """How far a picture's names are from the words: the least is the best, and own names count more than its place's.

    FTS5 has its figure (bm25) in a hidden column of the row it has found.
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
        return f"-ts_rank({sql}, %s::tsquery, 2)", [*params, tsquery(text.value)]  # 2: long names weigh less
