"""A comparison of two columns with two values as pairs, which databases answer with one range of an index."""

from typing import Any

from django.db import models
from django.db.models import F, Value


class PairComparison(models.Func):
    """(`field`, key) < (`value`, `pk`), or > with `is_greater`. With an OR, PostgreSQL would sort both halves."""

    output_field = models.BooleanField()

    def __init__(self, field: str, value: Value, pk: int, *, is_greater: bool) -> None:
        super().__init__(F(field), F("pk"), value, Value(pk, models.BigIntegerField()))
        self._operator = ">" if is_greater else "<"

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(each) for each in self.get_source_expressions()]
        column, key, value, pk = (sql for sql, _params in compiled)
        params = tuple(param for _sql, params in compiled for param in params)
        return f"({column}, {key}) {self._operator} ({value}, {pk})", params

    as_postgresql = as_sqlite
