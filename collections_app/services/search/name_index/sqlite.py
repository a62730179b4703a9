"""The statements for SQLite: an FTS5 table. The function `image_name_tokens` folds and splits names.

The tokenizer "ascii" does not change letters beyond ASCII.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from collections_app.models.words import build_scoped_tokens


def add_token_function(connection: BaseDatabaseWrapper) -> None:
    """Add the function that the triggers call to a new connection."""
    connection.connection.create_function("image_name_tokens", 3, build_scoped_tokens, deterministic=True)


def _select_team(row: str) -> str:
    return f"(SELECT team_id FROM collections_app_collection WHERE id = {row}.collection_id)"


def _select_own_names(row: str) -> str:
    tags = f"(SELECT group_concat(value, ' ') FROM json_each({row}.tags))"
    names = f"{row}.title || ' ' || {row}.original_name || ' ' || coalesce({tags}, '')"
    return f"image_name_tokens({names}, {_select_team(row)}, {row}.collection_id)"


def _select_collection_name(row: str) -> str:
    collection = f"FROM collections_app_collection WHERE id = {row}.collection_id"
    return f"(SELECT image_name_tokens(name, team_id, id) {collection})"


def _compare_columns(*columns: str) -> str:
    """Return a condition that is true if a name changed: images are often saved with unchanged names."""
    return " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)


TRIGGERS = (
    "image_names_added",
    "image_names_changed",
    "image_names_deleted",
    "image_names_place_renamed",
    "image_names_team_changed",
)
LIST_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'image_names_%'"
DROP_TRIGGERS = tuple(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS)
_INSERT = f"""
    INSERT INTO image_names (rowid, own, place)
    SELECT id, {_select_own_names("image")}, {_select_collection_name("image")} FROM collections_app_image AS image
"""
REBUILD = (
    *DROP_TRIGGERS,
    "DROP TABLE IF EXISTS image_names",
    "CREATE VIRTUAL TABLE image_names USING fts5(own, place, tokenize = 'ascii')",
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
        UPDATE image_names SET place = image_name_tokens(new.name, new.team_id, new.id)
        WHERE rowid IN (SELECT id FROM collections_app_image WHERE collection_id = new.id);
    END
    """,
    f"""
    CREATE TRIGGER image_names_team_changed AFTER UPDATE OF team_id ON collections_app_collection
    WHEN {_compare_columns("team_id")} BEGIN
        DELETE FROM image_names WHERE rowid IN (SELECT id FROM collections_app_image WHERE collection_id = new.id);
        {_INSERT} WHERE collection_id = new.id;
    END
    """,
    _INSERT,
)
