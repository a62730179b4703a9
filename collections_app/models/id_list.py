"""A condition for many ids that is one parameter: the statement stays short, and databases compile it once."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import F


class HasOneOfIds(models.Func):
    """The primary key is one of these ids. Django's `pk__in` makes each id a parameter of its own."""

    output_field = models.BooleanField()

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(F("pk"))
        self._ids = list(ids)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        key, params = compiler.compile(self.get_source_expressions()[0])
        return f"{key} IN (SELECT value FROM json_each(%s))", (*params, json.dumps(self._ids))  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        key, params = compiler.compile(self.get_source_expressions()[0])
        return f"{key} = ANY(%s)", (*params, self._ids)
