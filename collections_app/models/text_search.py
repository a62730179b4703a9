"""Full-text search over names with SQLite (FTS5) and PostgreSQL (tsvector), for `Image.objects.matching_names`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from collections_app.models.words import NameWord, build_scope_prefixes, find_words, split_words

_ENGLISH = "a|an|the|and|or|of|in|on|at|to|with|without|by|for|from|is|are|my"
_RUSSIAN = "и|или|а|в|во|на|с|со|без|из|к|ко|по|у|о|об|от|до|за|для|под|над"  # noqa: RUF001
_STOP_WORD = re.compile(f"{_ENGLISH}|{_RUSSIAN}")
_MAX_WORDS = 50


def drop_stop_words(text: str) -> str:
    """Return the words without articles, prepositions and the like, or all words if there are no others."""
    words = split_words(text)
    return " ".join([word for word in words if not _STOP_WORD.fullmatch(word)] or words)


@dataclass(frozen=True, slots=True)
class ScopedWords:
    """Words to find in the names of the pictures of these teams and of these single collections.

    The last word may be the beginning of one, unless `is_complete`.
    """

    text: str
    team_ids: tuple[int, ...] = ()
    collection_ids: tuple[int, ...] = ()
    is_complete: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.prefixes or not split_words(self.text)

    @property
    def prefixes(self) -> list[str]:
        return build_scope_prefixes(self.team_ids, self.collection_ids)

    def build_fts5_query(self, *, is_own_only: bool = False) -> str:
        """Return an FTS5 query for all words in one of the scopes.

        Each scope has its own terms, so FTS5 reads no rows of other teams.
        """
        found = " OR ".join(self._join_words(prefix, " AND ", " OR ", _format_fts5_phrase) for prefix in self.prefixes)
        return f"own : ({found})" if is_own_only else found

    def build_tsquery(self, *, is_own_only: bool = False) -> str:
        """Return the same as a tsquery for PostgreSQL."""
        format_phrase = _format_own_phrase if is_own_only else _format_phrase
        return " | ".join(self._join_words(prefix, " & ", " | ", format_phrase) for prefix in self.prefixes)

    def _join_words(self, prefix: str, both: str, either: str, format_phrase: Any) -> str:
        words = find_words(self.text)[:_MAX_WORDS]
        terms = []
        for place, word in enumerate(words, 1):
            phrases = [
                format_phrase([f"{prefix}{token}" for token in tokens], is_start)
                for tokens, is_start in _list_phrases(word, is_prefix=place == len(words) and not self.is_complete)
            ]
            terms.append(f"({either.join(phrases)})")
        return f"({both.join(terms)})"


def _list_phrases(word: NameWord, *, is_prefix: bool) -> list[tuple[list[str], bool]]:
    """Return the alternative phrases for a word: consecutive tokens, and whether the last token is a prefix."""
    if word.is_unspaced:
        return [(word.pairs, False)] if word.pairs else [([word.text], True)]
    return [([word.joined], is_prefix), *([(word.parts, is_prefix)] if word.parts else [])]


def _format_fts5_phrase(tokens: Sequence[str], is_prefix: bool) -> str:
    return f'"{" ".join(tokens)}"{"*" if is_prefix else ""}'


def _format_phrase(tokens: Sequence[str], is_prefix: bool) -> str:
    return " <-> ".join([*(f"'{token}'" for token in tokens[:-1]), f"'{tokens[-1]}'{':*' if is_prefix else ''}"])


def _format_own_phrase(tokens: Sequence[str], is_prefix: bool) -> str:
    return " <-> ".join([*(f"'{token}':A" for token in tokens[:-1]), f"'{tokens[-1]}':{'*' if is_prefix else ''}A"])


class WordsField(models.TextField[str, str]):
    """An image's names in the format of the search index. Filter it with `__matching`; its value cannot be read."""


@WordsField.register_lookup
class WordsMatching(models.Lookup[str]):
    """Takes ScopedWords."""

    lookup_name = "matching"
    prepare_rhs = False
    rhs: Any

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} MATCH %s", [*params, self.rhs.build_fts5_query()]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """The words are a subquery, so that the planner does not see them.

        It overestimates what the index costs for the words of many scopes, and would compare every row.
        """
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @@ (SELECT %s::tsquery)", [*params, self.rhs.build_tsquery()]


class NameRank(models.Func):
    """0 if an image's own names contain all words, 1 if its collection's name is needed.

    It depends only on the image. FTS5's bm25 depends on how often other teams use the words.
    """

    output_field = models.IntegerField()

    def __init__(self, words: str, scoped: ScopedWords) -> None:
        super().__init__(models.F(words))
        self._scoped = scoped

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[str | int, ...]]:
        column: Any = self.get_source_expressions()[0]
        table, alias = (connection.ops.quote_name(name) for name in ("image_names", column.alias))
        own = f"SELECT rowid FROM {table} WHERE {table} MATCH %s"  # noqa: S608
        return f"{alias}.rowid NOT IN ({own})", (self._scoped.build_fts5_query(is_own_only=True),)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        own = self._scoped.build_tsquery(is_own_only=True)
        return f"CASE WHEN {sql} @@ %s::tsquery THEN 0 ELSE 1 END", [*params, own]
