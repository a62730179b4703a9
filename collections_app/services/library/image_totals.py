"""The triggers that keep the totals of images (`models.ImageTotal`) up to date with every change of an image.

The triggers for the totals of tags (`tag_totals`) are created and dropped with them.

The totals are derived data: apps.py drops the triggers before migrations and counts the images again after them.

SQLite has one writer at a time, which changes one row for each kind of image. In PostgreSQL writers must not wait for
each other: each transaction writes rows of its own (`slot`), and every 64th merges the rows of finished transactions.
"""

from django.db import connections, transaction

from collections_app.models import Image, ImageTotal, TagTotal
from collections_app.services.library.tag_totals import (
    POSTGRESQL_TAG_STATEMENTS,
    SQLITE_TAG_STATEMENTS,
    TAG_TRIGGERS,
)

_KIND = ("collection_id", "uploader_id", "is_trashed", "index_state", "index_model_key")
_KINDS = ", ".join(_KIND)
_PLACES = ", ".join(str(place) for place in range(1, len(_KIND) + 1))
_TOTALS, _IMAGES = "collections_app_imagetotal", "collections_app_image"
_COUNTED = ("collection_id", "uploader_id", "trashed_at", "index_state", "index_model_key", "byte_size")
_TRIGGERS = ("image_totals_added", "image_totals_changed", "image_totals_deleted", *TAG_TRIGGERS)
_LIST_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'image_totals_%'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'image_totals_%'",
}
_DROP_TRIGGERS = {
    "sqlite": [f"DROP TRIGGER IF EXISTS {name}" for name in _TRIGGERS],
    "postgresql": [f"DROP TRIGGER IF EXISTS {name} ON {_IMAGES}" for name in _TRIGGERS],
}


def _select_kind(row: str) -> str:
    uploader, is_trashed = f"coalesce({row}.uploader_id, 0)", f"{row}.trashed_at IS NOT NULL"
    return f"{row}.collection_id, {uploader}, {is_trashed}, {row}.index_state, {row}.index_model_key"


_INSERT = f"INSERT INTO {_TOTALS} ({_KINDS}, slot, image_count, byte_size)"
_ADD = f"""
    ON CONFLICT ({_KINDS}, slot) DO UPDATE SET
        image_count = {_TOTALS}.image_count + excluded.image_count,
        byte_size = {_TOTALS}.byte_size + excluded.byte_size;
"""
_COUNT_ALL = (
    f"DELETE FROM {_TOTALS}",
    f"{_INSERT} SELECT {_select_kind('image')}, 0, count(*), sum(byte_size) FROM {_IMAGES} AS image GROUP BY {_PLACES}",
)
# SQLite: for each row.
_COUNT_NEW = f"{_INSERT} VALUES ({_select_kind('new')}, 0, 1, new.byte_size) {_ADD}"
_OLD = f"({_KINDS}, slot) = ({_select_kind('old')}, 0)"
_DISCOUNT_OLD = f"""
    UPDATE {_TOTALS} SET image_count = image_count - 1, byte_size = byte_size - old.byte_size WHERE {_OLD};
    DELETE FROM {_TOTALS} WHERE {_OLD} AND image_count = 0;
"""
_IS_CHANGED = " OR ".join(f"old.{column} IS NOT new.{column}" for column in _COUNTED)
_SQLITE = (
    f"CREATE TRIGGER image_totals_added AFTER INSERT ON {_IMAGES} BEGIN {_COUNT_NEW} END",
    f"""
    CREATE TRIGGER image_totals_changed AFTER UPDATE OF {", ".join(_COUNTED)} ON {_IMAGES} WHEN {_IS_CHANGED}
    BEGIN {_DISCOUNT_OLD} {_COUNT_NEW} END
    """,
    f"CREATE TRIGGER image_totals_deleted AFTER DELETE ON {_IMAGES} BEGIN {_DISCOUNT_OLD} END",
    *_COUNT_ALL,
    *SQLITE_TAG_STATEMENTS,
)
# PostgreSQL: for each statement. Only one transaction at a time merges, so that no two wait for each other.
_SLOT = "txid_current()"
_NEW_ROWS = f"SELECT {_select_kind('new_rows')}, 1, byte_size FROM new_rows"
_OLD_ROWS = f"SELECT {_select_kind('old_rows')}, -1, -byte_size FROM old_rows"


def _build_function(name: str, rows: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_INSERT}
        SELECT {_KINDS}, {_SLOT}, sum(image_count), sum(byte_size)
        FROM ({rows}) AS changes ({_KINDS}, image_count, byte_size)
        GROUP BY {_KINDS} HAVING sum(image_count) <> 0 OR sum(byte_size) <> 0
        {_ADD}
        IF {_SLOT} % 64 = 0 AND pg_try_advisory_xact_lock(hashtext('image_totals')) THEN
            WITH finished AS (DELETE FROM {_TOTALS} WHERE slot <> 0 RETURNING *)
            {_INSERT} SELECT {_KINDS}, 0, sum(image_count), sum(byte_size) FROM finished GROUP BY {_KINDS} {_ADD}
            DELETE FROM {_TOTALS} WHERE slot = 0 AND image_count = 0 AND byte_size = 0;
        END IF;
        RETURN NULL;
    END
    $$
    """


def _build_trigger(name: str, event: str, tables: str) -> str:
    when = f"AFTER {event} ON {_IMAGES} REFERENCING {tables}"
    return f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"


_POSTGRESQL = (
    _build_function("image_totals_added", _NEW_ROWS),
    _build_function("image_totals_changed", f"{_NEW_ROWS} UNION ALL {_OLD_ROWS}"),
    _build_function("image_totals_deleted", _OLD_ROWS),
    _build_trigger("image_totals_added", "INSERT", "NEW TABLE AS new_rows"),
    _build_trigger("image_totals_changed", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    _build_trigger("image_totals_deleted", "DELETE", "OLD TABLE AS old_rows"),
    *_COUNT_ALL,
    *POSTGRESQL_TAG_STATEMENTS,
)
_REBUILD = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


def ensure_image_totals(*, using: str) -> None:
    """Create the triggers and count all images, unless the triggers exist, which keep the totals up to date."""
    vendor = connections[using].vendor
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_LIST_TRIGGERS[vendor])
        if _has_total_tables(using) and not set(_TRIGGERS) <= {name for (name,) in cursor.fetchall()}:
            for statement in (*_DROP_TRIGGERS[vendor], *_REBUILD[vendor]):
                cursor.execute(statement)


def drop_total_triggers(*, using: str) -> None:
    """Drop the triggers. Call this before migrations change tables."""
    if Image._meta.db_table in connections[using].introspection.table_names():
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            for statement in _DROP_TRIGGERS[connections[using].vendor]:
                cursor.execute(statement)


def _has_total_tables(using: str) -> bool:
    tables = {model._meta.db_table for model in (Image, ImageTotal, TagTotal)}
    return tables <= set(connections[using].introspection.table_names())
