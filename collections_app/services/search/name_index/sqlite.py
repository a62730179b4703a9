"""The statements for SQLite: an FTS5 table."""

from collections_app.models.text_search import strip_accents

# FTS5 removes accents from Latin letters itself. These are the Cyrillic and Greek letters of modern languages; with
# more letters the expression would be too deep for SQLite's parser.
_ACCENTED = "ЁёЙйЇїЎўΆάΈέΉήΊίΌόΎύΏώ"


def _strip_in_sql(text: str) -> str:
    for letter in _ACCENTED:
        text = f"replace({text}, '{letter}', '{strip_accents(letter)}')"
    return text


def _select_own_names(row: str) -> str:
    tags = f"(SELECT group_concat(value, ' ') FROM json_each({row}.tags))"
    return _strip_in_sql(f"{row}.title || ' ' || {row}.original_name || ' ' || coalesce({tags}, '')")


def _select_collection_name(row: str) -> str:
    return f"(SELECT {_strip_in_sql('name')} FROM collections_app_collection WHERE id = {row}.collection_id)"


def _compare_columns(*columns: str) -> str:
    """Return a condition that is true if a name changed: images are often saved with unchanged names."""
    return " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)


TRIGGERS = ("image_names_added", "image_names_changed", "image_names_deleted", "image_names_place_renamed")
LIST_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'image_names_%'"
DROP_TRIGGERS = tuple(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS)
REBUILD = (
    *DROP_TRIGGERS,
    "DROP TABLE IF EXISTS image_names",
    """
    CREATE VIRTUAL TABLE image_names
    USING fts5(own, place, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3')
    """,
    "INSERT INTO image_names (image_names, rank) VALUES ('rank', 'bm25(4.0, 1.0)')",
    f"""
    CREATE TRIGGER image_names_added AFTER INSERT ON collections_app_image BEGIN
        INSERT INTO image_names (rowid, own, place)
        VALUES (new.id, {_select_own_names("new")}, {_select_collection_name("new")});
    END
    """,
    f"""
    CREATE TRIGGER image_names_changed
    AFTER UPDATE OF title, original_name, tags, collection_id ON collections_app_image
    WHEN {_compare_columns("title", "original_name", "tags", "collection_id")} BEGIN
        UPDATE image_names SET own = {_select_own_names("new")}, place = {_select_collection_name("new")}
        WHERE rowid = new.id;
    END
    """,
    """
    CREATE TRIGGER image_names_deleted AFTER DELETE ON collections_app_image BEGIN
        DELETE FROM image_names WHERE rowid = old.id;
    END
    """,
    f"""
    CREATE TRIGGER image_names_place_renamed AFTER UPDATE OF name ON collections_app_collection
    WHEN {_compare_columns("name")} BEGIN
        UPDATE image_names SET place = {_strip_in_sql("new.name")}
        WHERE rowid IN (SELECT id FROM collections_app_image WHERE collection_id = new.id);
    END
    """,
    f"""
    INSERT INTO image_names (rowid, own, place)
    SELECT id, {_select_own_names("image")}, {_select_collection_name("image")} FROM collections_app_image AS image
    """,
)
