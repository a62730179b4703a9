"""The statements for PostgreSQL: a table of text search vectors with a GIN index.

These functions fold and split words like `models.words`, because PostgreSQL's parser reads "rose.png" as a host name.
ICU's rules cover the letters of all alphabets, whatever the locale of the database.
"""

from collections_app.models.words import (
    DOUBLE_LETTERS,
    EMOJI,
    MARKS,
    MAX_TEXT_LENGTH,
    MAX_WORD_LENGTH,
    SINGLE_LETTERS,
    STRIPPED,
    UNSPACED,
    ZWNJ,
)

# PostgreSQL limits the positions of a tsvector. A longer name must not make a write fail.
_MAX_POSITION = 16_383
_OWN = "A"
_COLLECTION = "D"
_ICU = 'COLLATE "und-x-icu"'


def _build_folding() -> str:
    letters = f"regexp_replace(normalize(left(names, {MAX_TEXT_LENGTH}), NFKD) {_ICU}, '[{STRIPPED}]', '', 'g')"
    folded = f"lower(normalize({letters}, NFKC) {_ICU})"
    for letter, letters_instead in DOUBLE_LETTERS.items():
        folded = f"replace({folded}, '{letter}', '{letters_instead}')"
    return f"translate({folded}, '{''.join(SINGLE_LETTERS)}', '{''.join(SINGLE_LETTERS.values())}')"


def _select_scopes(collection: str) -> str:
    return f"(SELECT ARRAY['t' || team_id || '·', 'c' || id || '·'] FROM {collection})"


def _build_own(row: str) -> str:
    tags = f"""
        CASE WHEN jsonb_typeof({row}.tags) = 'array'
        THEN coalesce((SELECT string_agg(tag, ' ') FROM jsonb_array_elements_text({row}.tags) AS tag), '')
        ELSE '' END
    """
    own = f"{row}.title || ' ' || {row}.original_name || ' ' || {tags}"
    scopes = _select_scopes(f"collections_app_collection WHERE id = {row}.collection_id")
    return f"image_names_vector({own}, {scopes}, '{_OWN}')"


def _build_vector(row: str) -> str:
    collection = f"collections_app_collection WHERE id = {row}.collection_id"
    name = f"(SELECT name FROM {collection})"
    return f"{_build_own(row)} || image_names_vector({name}, {_select_scopes(collection)}, '{_COLLECTION}')"


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
    CREATE OR REPLACE FUNCTION image_names_fold(names text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT {_build_folding()}
    $$
    """,
    # In plpgsql, which caches its plans. PostgreSQL would compile an SQL function of this size for each row.
    f"""
    CREATE OR REPLACE FUNCTION image_names_tokens(names text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE
        tokens text[] := '{{}}';
        folded text := regexp_replace(image_names_fold(names) {_ICU}, '([{UNSPACED}]+|[{EMOJI}])', ' \\1 ', 'g');
        word text;
        half text;
    BEGIN
        FOREACH word IN ARRAY regexp_split_to_array(folded, '[^[:alnum:]{MARKS}{UNSPACED}{EMOJI}{ZWNJ}]+') LOOP
            word := trim(both '{ZWNJ}' from word);
            CONTINUE WHEN coalesce(word, '') = '';
            IF word ~ '^[{UNSPACED}]' THEN
                FOR start IN 1..length(word) LOOP
                    tokens := tokens || substr(word, start, 2);
                END LOOP;
            ELSE
                tokens := tokens || left(replace(word, '{ZWNJ}', ''), {MAX_WORD_LENGTH});
                IF position('{ZWNJ}' in word) > 0 THEN
                    FOREACH half IN ARRAY regexp_split_to_array(word, '{ZWNJ}+') LOOP
                        tokens := tokens || left(half, {MAX_WORD_LENGTH});
                    END LOOP;
                END IF;
            END IF;
        END LOOP;
        RETURN tokens;
    END
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION image_names_vector(names text, scopes text[], weight text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    BEGIN
        RETURN (
            SELECT coalesce(
                string_agg(scope || token || ':' || least(place, {_MAX_POSITION}) || weight, ' ')::tsvector, ''
            )
            FROM unnest(image_names_tokens(names)) WITH ORDINALITY AS part(token, place)
            CROSS JOIN unnest(scopes) AS scope
        );
    END
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
        IF old.team_id IS DISTINCT FROM new.team_id THEN
            UPDATE image_names SET image_names = {_build_vector("image")}
            FROM collections_app_image AS image
            WHERE image.collection_id = new.id AND rowid = image.id;
        ELSE
            UPDATE image_names
            SET image_names = ts_filter(image_names.image_names, '{{{_OWN}}}')
                || image_names_vector(new.name, ARRAY['t' || new.team_id || '·', 'c' || new.id || '·'], '{_COLLECTION}')
            WHERE rowid IN (SELECT id FROM collections_app_image WHERE collection_id = new.id);
        END IF;
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
    CREATE TRIGGER image_names_place_renamed AFTER UPDATE OF name, team_id ON collections_app_collection
    FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name OR old.team_id IS DISTINCT FROM new.team_id)
    EXECUTE FUNCTION image_names_follow_place()
    """,
    f"""
    INSERT INTO image_names (rowid, image_names)
    SELECT id, {_build_vector("image")} FROM collections_app_image AS image
    """,
)
