"""The statements for PostgreSQL: a table of text search vectors with a GIN index.

Words are split here, because PostgreSQL's parser takes "rose.png" for a host name. ICU's rules cover the letters of all
alphabets, whatever the locale of the database.
"""

# PostgreSQL limits the words, length and positions of a tsvector. A longer name must not make a write fail.
_MAX_WORD, _MAX_TEXT, _MAX_POSITION = 200, 20_000, 16_383
_OWN = "A"
_COLLECTION = "D"


def _build_vector(row: str) -> str:
    tags = f"""
        CASE WHEN jsonb_typeof({row}.tags) = 'array'
        THEN coalesce((SELECT string_agg(tag, ' ') FROM jsonb_array_elements_text({row}.tags) AS tag), '')
        ELSE '' END
    """
    collection = f"(SELECT name FROM collections_app_collection WHERE id = {row}.collection_id)"
    own = f"{row}.title || ' ' || {row}.original_name || ' ' || {tags}"
    return f"image_names_words({own}, '{_OWN}') || image_names_words({collection}, '{_COLLECTION}')"


TRIGGERS = ("image_names_changed", "image_names_deleted", "image_names_emptied", "image_names_place_renamed")
LIST_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'image_names_%'"
DROP_TRIGGERS = (
    *(f"DROP TRIGGER IF EXISTS {name} ON collections_app_image" for name in TRIGGERS[:3]),
    f"DROP TRIGGER IF EXISTS {TRIGGERS[3]} ON collections_app_collection",
)
REBUILD = (
    *DROP_TRIGGERS,
    "DROP TABLE IF EXISTS image_names",
    "CREATE TABLE image_names (rowid bigint PRIMARY KEY, image_names tsvector NOT NULL)",
    "CREATE INDEX image_names_words ON image_names USING gin (image_names)",
    f"""
    CREATE OR REPLACE FUNCTION image_names_words(names text, weight text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT coalesce(
            string_agg(left(word, {_MAX_WORD}) || ':' || least(position, {_MAX_POSITION}) || weight, ' ')::tsvector, ''
        )
        FROM regexp_split_to_table(
            lower(regexp_replace(
                normalize(left(names, {_MAX_TEXT}), NFD) COLLATE "und-x-icu", '[\\u0300-\\u036f]', '', 'g'
            )),
            '[^[:alnum:]]+'
        ) WITH ORDINALITY AS part(word, position)
        WHERE word <> ''
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION image_names_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM image_names;
        ELSIF TG_OP = 'DELETE' THEN
            DELETE FROM image_names WHERE rowid = old.id;
        ELSE
            INSERT INTO image_names (rowid, image_names) VALUES (new.id, {_build_vector("new")})
            ON CONFLICT (rowid) DO UPDATE SET image_names = excluded.image_names;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION image_names_follow_place() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE image_names
        SET image_names = ts_filter(image_names.image_names, '{{{_OWN}}}')
            || image_names_words(new.name, '{_COLLECTION}')
        WHERE rowid IN (SELECT id FROM collections_app_image WHERE collection_id = new.id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER image_names_changed
    AFTER INSERT OR UPDATE OF title, original_name, tags, collection_id ON collections_app_image
    FOR EACH ROW EXECUTE FUNCTION image_names_follow()
    """,
    """
    CREATE TRIGGER image_names_deleted AFTER DELETE ON collections_app_image
    FOR EACH ROW EXECUTE FUNCTION image_names_follow()
    """,
    """
    CREATE TRIGGER image_names_emptied AFTER TRUNCATE ON collections_app_image
    FOR EACH STATEMENT EXECUTE FUNCTION image_names_follow()
    """,
    """
    CREATE TRIGGER image_names_place_renamed AFTER UPDATE OF name ON collections_app_collection
    FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name) EXECUTE FUNCTION image_names_follow_place()
    """,
    f"""
    INSERT INTO image_names (rowid, image_names)
    SELECT id, {_build_vector("image")} FROM collections_app_image AS image
    """,
)
