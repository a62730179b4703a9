"""The statements of the triggers that keep the totals of tags (`models.TagTotal`) up to date.

`image_totals` creates and drops these triggers together with its own, and describes how both databases count.
"""

from collections_app.models.tag_total import MAX_COUNTED_TAG_LENGTH

_TOTALS, _IMAGES = "collections_app_tagtotal", "collections_app_image"
_COUNTED = ("collection_id", "trashed_at", "tags")
TAG_TRIGGERS = ("image_totals_tags_added", "image_totals_tags_changed", "image_totals_tags_deleted")

_INSERT = f"INSERT INTO {_TOTALS} (collection_id, tag, slot, image_count)"
_ADD = f"""
    ON CONFLICT (collection_id, tag, slot) DO UPDATE SET image_count = {_TOTALS}.image_count + excluded.image_count;
"""


def _select_tags(row: str) -> str:
    """Administrators can store JSON that is not a list of texts."""
    tags = f"CASE WHEN json_type({row}.tags) = 'array' THEN {row}.tags ELSE '[]' END"
    is_counted = f"type = 'text' AND length(value) BETWEEN 1 AND {MAX_COUNTED_TAG_LENGTH} AND {row}.trashed_at IS NULL"
    return f"FROM json_each({tags}) WHERE {is_counted}"


# SQLite: for each row.
_COUNT_NEW = f"{_INSERT} SELECT DISTINCT new.collection_id, value, 0, 1 {_select_tags('new')} {_ADD}"
_OLD = f"collection_id = old.collection_id AND slot = 0 AND tag IN (SELECT value {_select_tags('old')})"
_DISCOUNT_OLD = f"""
    UPDATE {_TOTALS} SET image_count = image_count - 1 WHERE {_OLD};
    DELETE FROM {_TOTALS} WHERE {_OLD} AND image_count = 0;
"""
_IS_CHANGED = " OR ".join(f"old.{column} IS NOT new.{column}" for column in _COUNTED)
SQLITE_TAG_STATEMENTS = (
    f"CREATE TRIGGER {TAG_TRIGGERS[0]} AFTER INSERT ON {_IMAGES} BEGIN {_COUNT_NEW} END",
    f"""
    CREATE TRIGGER {TAG_TRIGGERS[1]} AFTER UPDATE OF {", ".join(_COUNTED)} ON {_IMAGES} WHEN {_IS_CHANGED}
    BEGIN {_DISCOUNT_OLD} {_COUNT_NEW} END
    """,
    f"CREATE TRIGGER {TAG_TRIGGERS[2]} AFTER DELETE ON {_IMAGES} BEGIN {_DISCOUNT_OLD} END",
    f"DELETE FROM {_TOTALS}",
    f"""
    {_INSERT} SELECT collection_id, tag, 0, count(*) FROM (
        SELECT DISTINCT image.id, image.collection_id, value AS tag
        FROM {_IMAGES} AS image, {_select_tags("image").removeprefix("FROM ")}
    ) GROUP BY 1, 2
    """,
)

# PostgreSQL: for each statement, in rows of its own transaction.
_SLOT = "txid_current()"


def _select_rows(rows: str, image_count: str) -> str:
    tags = f"CASE WHEN jsonb_typeof({rows}.tags) = 'array' THEN {rows}.tags ELSE '[]'::jsonb END"
    return f"""
        SELECT DISTINCT {rows}.id, {rows}.collection_id, element #>> '{{}}', {image_count}
        FROM {rows} CROSS JOIN jsonb_array_elements({tags}) AS elements(element)
        WHERE {rows}.trashed_at IS NULL AND jsonb_typeof(element) = 'string'
            AND length(element #>> '{{}}') BETWEEN 1 AND {MAX_COUNTED_TAG_LENGTH}
    """


def _add_up(rows: str, slot: str) -> str:
    return f"""
        {_INSERT} SELECT collection_id, tag, {slot}, sum(image_count)
        FROM ({rows}) AS changes (id, collection_id, tag, image_count)
        GROUP BY collection_id, tag HAVING sum(image_count) <> 0
    """


def _build_function(name: str, rows: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_add_up(rows, _SLOT)} {_ADD}
        IF {_SLOT} % 64 = 0 AND pg_try_advisory_xact_lock(hashtext('tag_totals')) THEN
            WITH finished AS (DELETE FROM {_TOTALS} WHERE slot <> 0 RETURNING *)
            {_INSERT} SELECT collection_id, tag, 0, sum(image_count) FROM finished GROUP BY collection_id, tag {_ADD}
            DELETE FROM {_TOTALS} WHERE slot = 0 AND image_count = 0;
        END IF;
        RETURN NULL;
    END
    $$
    """


def build_trigger(name: str, event: str, tables: str) -> str:
    """Return the statement for a trigger of PostgreSQL that calls the function of the same name."""
    when = f"AFTER {event} ON {_IMAGES} REFERENCING {tables}"
    return f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"


_NEW_ROWS, _OLD_ROWS = _select_rows("new_rows", "1"), _select_rows("old_rows", "-1")
POSTGRESQL_TAG_STATEMENTS = (
    _build_function(TAG_TRIGGERS[0], _NEW_ROWS),
    _build_function(TAG_TRIGGERS[1], f"{_NEW_ROWS} UNION ALL {_OLD_ROWS}"),
    _build_function(TAG_TRIGGERS[2], _OLD_ROWS),
    build_trigger(TAG_TRIGGERS[0], "INSERT", "NEW TABLE AS new_rows"),
    build_trigger(TAG_TRIGGERS[1], "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    build_trigger(TAG_TRIGGERS[2], "DELETE", "OLD TABLE AS old_rows"),
    f"DELETE FROM {_TOTALS}",
    _add_up(_select_rows(_IMAGES, "1"), "0"),
)
