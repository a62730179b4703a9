"""The triggers that keep the totals of images (`ImageTotal` and `ImageMonth`) up to date with every change of an image.

The triggers for the totals of tags (`tag_totals`) are created and dropped with them.

The totals are derived data: apps.py drops the triggers before migrations and counts the images again after them.

SQLite has one writer at a time, which changes one row for each kind of image. In PostgreSQL writers must not wait for
each other: each transaction writes rows of its own (`slot`), and every 64th merges the rows of finished transactions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import connections, transaction

from collections_app.models import Image, ImageMonth, ImageTotal, TagTotal
from collections_app.services.library.tag_totals import (
    POSTGRESQL_TAG_STATEMENTS,
    SQLITE_TAG_STATEMENTS,
    TAG_TRIGGERS,
    build_trigger,
)

_IMAGES = Image._meta.db_table
_LIST_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'image_%'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'image_%'",
}
_DROP_TRIGGER = {
    "sqlite": "DROP TRIGGER IF EXISTS {name}",
    "postgresql": f"DROP TRIGGER IF EXISTS {{name}} ON {_IMAGES}",
}
_TIMELINE_AT = "coalesce({row}.taken_at, {row}.created_at)"
_MONTH = {
    "sqlite": f"substr({_TIMELINE_AT}, 1, 7)",
    "postgresql": f"to_char({_TIMELINE_AT} AT TIME ZONE 'UTC', 'YYYY-MM')",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Totals:
    """One table of totals. `name` begins the names of its triggers.

    `kinds` and `sums` map its columns to the SQL of their values for an image (`row`). `counted` are the columns of
    images that these values depend on.
    """

    name: str
    table: str
    kinds: Mapping[str, str]
    sums: Mapping[str, str]
    counted: tuple[str, ...]

    @property
    def triggers(self) -> tuple[str, str, str]:
        return f"{self.name}_added", f"{self.name}_changed", f"{self.name}_deleted"

    @property
    def keys(self) -> str:
        return ", ".join(self.kinds)

    @property
    def insert(self) -> str:
        return f"INSERT INTO {self.table} ({self.keys}, slot, {', '.join(self.sums)})"

    @property
    def add(self) -> str:
        changes = ", ".join(f"{name} = {self.table}.{name} + excluded.{name}" for name in self.sums)
        return f"ON CONFLICT ({self.keys}, slot) DO UPDATE SET {changes};"

    def select_kind(self, row: str) -> str:
        return ", ".join(value.format(row=row) for value in self.kinds.values())

    def select_sums(self, row: str) -> str:
        return ", ".join(value.format(row=row) for value in self.sums.values())

    def count_all(self) -> tuple[str, str]:
        """Return statements that count all images again."""
        places = ", ".join(str(place) for place in range(1, len(self.kinds) + 1))
        sums = ", ".join(f"sum({value.format(row='image')})" for value in self.sums.values())
        rows = f"SELECT {self.select_kind('image')}, 0, {sums} FROM {_IMAGES} AS image GROUP BY {places}"
        return f"DELETE FROM {self.table}", f"{self.insert} {rows}"


def _list_totals(vendor: str) -> tuple[_Totals, _Totals]:
    collection, is_trashed = "{row}.collection_id", "{row}.trashed_at IS NOT NULL"
    by_state = _Totals(
        name="image_totals",
        table=ImageTotal._meta.db_table,
        kinds={
            "collection_id": collection,
            "uploader_id": "coalesce({row}.uploader_id, 0)",
            "is_trashed": is_trashed,
            "index_state": "{row}.index_state",
            "index_model_key": "{row}.index_model_key",
            "second_model_key": "{row}.second_model_key",
        },
        sums={"image_count": "1", "byte_size": "{row}.byte_size"},
        counted=(
            *("collection_id", "uploader_id", "trashed_at", "index_state"),
            *("index_model_key", "second_model_key", "byte_size"),
        ),
    )
    by_month = _Totals(
        name="image_months",
        table=ImageMonth._meta.db_table,
        kinds={"collection_id": collection, "is_trashed": is_trashed, "month": _MONTH[vendor]},
        sums={"image_count": "1"},
        counted=("collection_id", "trashed_at", "taken_at", "created_at"),
    )
    return by_state, by_month


def _build_sqlite(totals: _Totals) -> Iterator[str]:
    """Yield the statements for triggers that run for each row."""
    added, changed, deleted = totals.triggers
    count_new = f"{totals.insert} VALUES ({totals.select_kind('new')}, 0, {totals.select_sums('new')}) {totals.add}"
    old = f"({totals.keys}, slot) = ({totals.select_kind('old')}, 0)"
    less = ", ".join(f"{name} = {name} - {value.format(row='old')}" for name, value in totals.sums.items())
    discount_old = f"""
        UPDATE {totals.table} SET {less} WHERE {old};
        DELETE FROM {totals.table} WHERE {old} AND image_count = 0;
    """
    is_changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in totals.counted)
    yield f"CREATE TRIGGER {added} AFTER INSERT ON {_IMAGES} BEGIN {count_new} END"
    yield f"""
        CREATE TRIGGER {changed} AFTER UPDATE OF {", ".join(totals.counted)} ON {_IMAGES} WHEN {is_changed}
        BEGIN {discount_old} {count_new} END
    """
    yield f"CREATE TRIGGER {deleted} AFTER DELETE ON {_IMAGES} BEGIN {discount_old} END"
    yield from totals.count_all()


def _build_postgresql(totals: _Totals) -> Iterator[str]:
    """Yield the statements for triggers that run for each statement.

    Only one transaction at a time merges, so that no two wait for each other.
    """
    added, changed, deleted = totals.triggers
    less = ", ".join(f"-{value.format(row='old_rows')}" for value in totals.sums.values())
    new_rows = f"SELECT {totals.select_kind('new_rows')}, {totals.select_sums('new_rows')} FROM new_rows"
    old_rows = f"SELECT {totals.select_kind('old_rows')}, {less} FROM old_rows"
    new_table, old_table = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
    yield _build_function(totals, added, new_rows)
    yield _build_function(totals, changed, f"{new_rows} UNION ALL {old_rows}")
    yield _build_function(totals, deleted, old_rows)
    yield build_trigger(added, "INSERT", new_table)
    yield build_trigger(changed, "UPDATE", f"{old_table} {new_table}")
    yield build_trigger(deleted, "DELETE", old_table)
    yield from totals.count_all()


def _build_function(totals: _Totals, name: str, rows: str) -> str:
    keys, slot = totals.keys, "txid_current()"
    sums = ", ".join(f"sum({each})" for each in totals.sums)
    has_changed = " OR ".join(f"sum({each}) <> 0" for each in totals.sums)
    is_empty = " AND ".join(f"{each} = 0" for each in totals.sums)
    return f"""
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {totals.insert}
        SELECT {keys}, {slot}, {sums} FROM ({rows}) AS changes ({keys}, {", ".join(totals.sums)})
        GROUP BY {keys} HAVING {has_changed}
        {totals.add}
        IF {slot} % 64 = 0 AND pg_try_advisory_xact_lock(hashtext('{totals.name}')) THEN
            WITH finished AS (DELETE FROM {totals.table} WHERE slot <> 0 RETURNING *)
            {totals.insert} SELECT {keys}, 0, {sums} FROM finished GROUP BY {keys} {totals.add}
            DELETE FROM {totals.table} WHERE slot = 0 AND {is_empty};
        END IF;
        RETURN NULL;
    END
    $$
    """


_BUILD = {"sqlite": _build_sqlite, "postgresql": _build_postgresql}
_TAG_STATEMENTS = {"sqlite": SQLITE_TAG_STATEMENTS, "postgresql": POSTGRESQL_TAG_STATEMENTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class _TriggerSet:
    """The triggers of one table of totals. `statements` create them and count all images."""

    table: str
    triggers: tuple[str, ...]
    statements: tuple[str, ...]

    def list_drops(self, vendor: str) -> list[str]:
        return [_DROP_TRIGGER[vendor].format(name=name) for name in self.triggers]

    def has_tables(self, using: str) -> bool:
        return {_IMAGES, self.table} <= set(connections[using].introspection.table_names())


def ensure_image_totals(*, using: str) -> None:
    """Create the triggers and count all images, unless the triggers exist: then the totals are up to date."""
    vendor = connections[using].vendor
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_LIST_TRIGGERS[vendor])
        existing = {name for (name,) in cursor.fetchall()}
        for each in _list_trigger_sets(vendor):
            if each.has_tables(using) and not set(each.triggers) <= existing:
                for statement in (*each.list_drops(vendor), *each.statements):
                    cursor.execute(statement)


def drop_total_triggers(*, using: str) -> None:
    """Drop the triggers. Call this before migrations change tables."""
    vendor = connections[using].vendor
    if _IMAGES in connections[using].introspection.table_names():
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            for each in _list_trigger_sets(vendor):
                for statement in each.list_drops(vendor):
                    cursor.execute(statement)


def _list_trigger_sets(vendor: str) -> Iterator[_TriggerSet]:
    for totals in _list_totals(vendor):
        yield _TriggerSet(table=totals.table, triggers=totals.triggers, statements=tuple(_BUILD[vendor](totals)))
    yield _TriggerSet(table=TagTotal._meta.db_table, triggers=TAG_TRIGGERS, statements=_TAG_STATEMENTS[vendor])
