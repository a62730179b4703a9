"""Text search: words of titles, tags, file and collection names find pictures on every database, by an index."""

import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection, models, transaction
from django.db.migrations import Migration

from collections_app.models import Collection, Image, ImageName, Membership, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.models.text_search import ScopedWords
from collections_app.services.library.collections import create_collection, describe_collection
from collections_app.services.library.images import edit_image, move_images, tag_images
from collections_app.services.library.trash import restore_images, trash_images
from tests.sample_team import SampleTeam, put_picture

pytestmark = pytest.mark.django_db

HOSTILE = {
    "nothing": "",
    "blanks": " \t\n",
    "signs alone": "\"'*:-^+(){}|&!<>~%_\\",
    "operators": "rose AND NOT garden OR NEAR(rose garden, 2)",
    "a column": "own:rose place : garden",
    "a star": "* rose*",
    "an open quotation": '"rose',
    "a quotation in a word": 'ro"se',
    "a PostgreSQL query": "'rose' & !garden <-> x:*A",
    "backslashes": "rose\\'; DROP TABLE image_names; --",
    "NUL": "rose\x00garden",
    "emoji": "🌹 👩‍👩‍👧‍👦",
    "right to left": "\u202eكلب أبيض",
    "Chinese": "白い犬",
    "Devanagari": "हिन्दी",
    "an accent alone": "\u0301 \u0301a",
    "500 letters": "a" * 500,
    "250 words": "a " * 250,
    "500 quotation marks": '"' * 500,
}


def search_names(text: str, images: ImageQuerySet | None = None) -> ImageQuerySet:
    """Search the names of all teams; the images limit what is found."""
    words = ScopedWords(text, tuple(Team.objects.values_list("pk", flat=True)))
    return (Image.objects.all() if images is None else images).matching_names(words)


def found(text: str) -> set[str]:
    return {image.original_name for image in search_names(text)}


def name_picture(sample: SampleTeam, file_name: str, *, title: str = "", tags: list[str] | None = None) -> Image:
    colour = (Image.objects.count() * 3, 120, 7)
    image = put_picture(sample.collection, sample.owner, file_name, colour=colour, title=title)
    Image.objects.filter(pk=image.pk).update(tags=tags or [])
    return image


@pytest.mark.parametrize("text", ["title", "tagged", "holiday", "IMG", "2024", "0042", "garden"])
def test_word_from_any_name_finds_the_picture(sample: SampleTeam, text: str) -> None:
    name_picture(sample, "holiday-IMG_0042.2024.png", title="A title", tags=["tagged well", "more"])
    assert "holiday-IMG_0042.2024.png" in found(text)


def test_all_words_must_match_in_any_order(sample: SampleTeam) -> None:
    name_picture(sample, "a.png", title="Old harbour", tags=["fog"])
    name_picture(sample, "b.png", title="Old harbour")
    assert found("fog garden harbour") == {"a.png"}


def test_last_word_matches_as_prefix_and_others_whole(sample: SampleTeam) -> None:
    name_picture(sample, "a.png", title="Harbour lighthouse")
    assert found("harbour light") == {"a.png"}
    assert found("har lighthouse") == set()


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Café Müller", "cafe muller"),
        ("CAFE MULLER", "café müller"),
        ("Cafe\u0301", "café"),
        ("Café", "cafe\u0301"),
        ("ÉCOLE", "école"),
        ("Белая ёлка", "белая елка"),
        ("БЕЛАЯ ЕЛКА", "ёлка"),
        ("Чайка", "чаика"),
        ("Чаи\u0306ка", "чайка"),  # noqa: RUF001
        ("Αθήνα", "αθηνα"),
        ("İstanbul", "istanbul"),
        ("한국어", "한국어"),
        ("白い犬", "白い"),
    ],
)
def test_case_and_accents_do_not_matter(sample: SampleTeam, title: str, text: str) -> None:
    name_picture(sample, "a.png", title=title)
    assert found(text) == {"a.png"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_text_can_be_searched(sample: SampleTeam, text: str) -> None:
    assert search_names(text).count() == len(found(text))


@pytest.mark.parametrize("text", ["", " \t\n", "*", '"', "🌹", "\u0301"])
def test_text_without_a_word_finds_nothing(sample: SampleTeam, text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize("text", ["* rose*", '"rose', "rose\x00garden", "^rose", "rose: (garden)", "-rose"])
def test_punctuation_between_words_does_not_matter(sample: SampleTeam, text: str) -> None:
    assert found(text) == {"rose.png"}


@pytest.mark.parametrize("text", ["rose AND", "NOT rose", "rose OR garden", "NEAR rose"])
def test_operators_are_searched_as_words(sample: SampleTeam, text: str) -> None:
    assert found(text) == set()
    edit_image(image=sample.image, title=text, tags=[])
    assert found(text) == {"rose.png"}


def test_own_names_rank_before_collection_names_then_newest_first(sample: SampleTeam) -> None:
    place = create_collection(team=sample.team, name="Dogs", creator=sample.owner)
    inside = [put_picture(place, sample.owner, f"{number}.png", colour=(number, 1, 1)) for number in (1, 2)]
    titled = name_picture(sample, "3.png", title="dogs")
    assert list(search_names("dogs")) == [titled, *reversed(inside)]


def test_pictures_of_other_teams_are_not_found(sample: SampleTeam) -> None:
    assert found("rose") == {"rose.png"}
    assert list(search_names("rose", Image.objects.visible_to(sample.viewer))) == [sample.image]
    assert not search_names("rose", Image.objects.visible_to(sample.outsider)).exists()
    Membership.objects.filter(user=sample.viewer).delete()
    assert not search_names("rose", Image.objects.visible_to(sample.viewer)).exists()


def test_trashed_pictures_are_not_found_until_restored(sample: SampleTeam) -> None:
    visible = Image.objects.visible_to(sample.owner)
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    assert not search_names("rose", visible).exists()
    restore_images(images=Image.objects.all())
    assert search_names("rose", visible).exists()


def rename(sample: SampleTeam) -> None:
    describe_collection(collection=sample.collection, name="Meadow", description="", editor=sample.owner)


def rename_by_saving(sample: SampleTeam) -> None:
    sample.collection.name = "Meadow"
    sample.collection.save()


def move(sample: SampleTeam) -> None:
    target = create_collection(team=sample.team, name="Meadow", creator=sample.owner)
    move_images(images=Image.objects.all(), target=target)


def edit(sample: SampleTeam) -> None:
    edit_image(image=sample.image, title="Garden? Meadow!", tags=[])


def tag(sample: SampleTeam) -> None:
    tag_images(images=Image.objects.all(), tags=["meadow"], max_tags=30)


def save_whole(sample: SampleTeam) -> None:
    sample.image.title = "Meadow"
    sample.image.save()


def update_in_bulk(sample: SampleTeam) -> None:
    sample.image.title = "Meadow"
    Image.objects.bulk_update([sample.image], ["title"])


def write_sql(sample: SampleTeam) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE collections_app_image SET tags = %s", [json.dumps(["Meadow"])])


CHANGES = [rename, rename_by_saving, move, edit, tag, save_whole, update_in_bulk, write_sql]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_names_are_found_at_once(sample: SampleTeam, change: Callable[[SampleTeam], None]) -> None:
    assert found("meadow") == set()
    change(sample)
    assert found("meadow") == {"rose.png"}
    assert found("rose") == {"rose.png"}


def test_old_collection_name_finds_nothing(sample: SampleTeam) -> None:
    rename(sample)
    assert found("garden") == set()


def write_tulips(sample: SampleTeam, count: int) -> None:
    fields = {field.attname: getattr(sample.image, field.attname) for field in Image._meta.concrete_fields}
    del fields["id"], fields["public_id"]
    Image.objects.bulk_create([Image(**{**fields, "title": f"Tulip {number}"}) for number in range(count)])


def test_pictures_written_in_bulk_are_found(sample: SampleTeam) -> None:
    write_tulips(sample, 3)
    assert search_names("tulip").count() == 3


@pytest.mark.parametrize(
    "delete",
    [
        lambda sample: sample.image.delete(),
        lambda sample: Image.objects.filter(pk=sample.image.pk).delete(),
        lambda sample: sample.team.delete(),
        lambda sample: Image.objects.all()._raw_delete(using="default"),
    ],
    ids=["one", "many", "team", "raw"],
)
def test_deleted_pictures_are_removed_from_the_index(sample: SampleTeam, delete: Callable[[SampleTeam], None]) -> None:
    assert ImageName.objects.count() == 1
    delete(sample)
    assert ImageName.objects.count() == 0


@pytest.mark.parametrize("tags", [[""], [], ["x" * 5000], ["é" * 300] * 300, [[["deep"]]], {"a": 1}, "text", None])
def test_unusual_tags_never_fail_a_write(sample: SampleTeam, tags: object) -> None:
    Image.objects.update(tags=models.Value(tags, models.JSONField()))
    assert found("rose") == {"rose.png"}


def test_search_uses_the_index_and_scans_no_pictures(sample: SampleTeam) -> None:
    write_tulips(sample, 1000)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # it avoids an index with pending entries, and those of small tables
            cursor.execute("SELECT gin_clean_pending_list('image_names_words')")
            cursor.execute("ANALYZE")
            cursor.execute("SET LOCAL enable_seqscan = off")
        words = ScopedWords("red ros", (sample.team.pk,))
        plan = Image.objects.visible_to(sample.owner).matching_names(words).explain()
    if connection.vendor == "postgresql":
        assert "Bitmap Index Scan on image_names_words" in plan
    else:
        assert "SCAN image_names VIRTUAL TABLE INDEX" in plan
    assert "SCAN collections_app_image\n" not in plan
    assert "Seq Scan on collections_app_image" not in plan


def test_index_returns_no_matches_of_other_teams(sample: SampleTeam) -> None:
    place = create_collection(team=sample.outsider.personal_team, name="Roses", creator=sample.outsider)
    theirs = put_picture(place, sample.outsider, "rose.png", colour="red")
    for team_id, own in ((sample.team.pk, sample.image), (place.team_id, theirs)):
        matched = ImageName.objects.filter(words__matching=ScopedWords("rose", (team_id,)))  # type: ignore[misc]
        assert [each.pk for each in matched] == [own.pk]


def test_complete_words_are_not_beginnings_of_others(sample: SampleTeam) -> None:
    """A filter for the tag "tag5" must not read the pictures with "tag50" to "tag59"."""
    counts = [
        ImageName.objects.filter(words__matching=ScopedWords(text, (sample.team.pk,), is_complete=True)).count()  # type: ignore[misc]
        for text in ("rose", "ros")
    ]
    assert counts == [1, 0]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Needs PostgreSQL.")
@pytest.mark.usefixtures("db")
def test_cursors_are_planned_for_all_of_their_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW cursor_tuple_fraction")
        assert cursor.fetchone() == ("1",)


def test_search_takes_one_statement(sample: SampleTeam, django_assert_num_queries: Callable[..., object]) -> None:
    query = search_names("rose", Image.objects.visible_to(sample.owner)).with_collection()
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        images = list(query[:12])
        assert [image.collection.team for image in images] == [sample.team]


@pytest.mark.django_db(transaction=True)
def test_index_survives_tables_rebuilt_by_a_migration(sample: SampleTeam) -> None:
    """As `manage.py migrate` does it: SQLite's tables are copied and dropped, with their triggers."""
    plan = [(Migration("later", "collections_app"), False)]
    emit_pre_migrate_signal(0, False, "default", plan=plan)
    for model in (Image, Collection):
        field = models.TextField(default="")
        field.set_attributes_from_name("later")
        with connection.schema_editor() as editor:
            editor.add_field(model, field)
        with connection.schema_editor() as editor:
            editor.remove_field(model, field)
    edit_image(image=sample.image, title="Written meanwhile", tags=[])
    emit_post_migrate_signal(0, False, "default", plan=plan)

    assert found("meanwhile") == {"rose.png"}
    rename(sample)
    assert found("meadow") == {"rose.png"}


@pytest.mark.django_db(transaction=True)
def test_index_is_unchanged_when_nothing_is_migrated(sample: SampleTeam) -> None:
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("DELETE FROM image_names")
    call_command("migrate", verbosity=0)
    assert found("rose") == set()


@pytest.mark.django_db(transaction=True)
def test_lost_triggers_are_detected_and_the_index_is_rebuilt(sample: SampleTeam) -> None:
    table = " ON collections_app_image" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER image_names_changed{table}")
    edit_image(image=sample.image, title="Unnoticed", tags=[])
    assert found("unnoticed") == set()
    call_command("migrate", verbosity=0)
    assert found("unnoticed") == {"rose.png"}


@pytest.mark.django_db(transaction=True)
def test_truncated_tables_empty_the_index(sample: SampleTeam) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not User.objects.exists()
    assert ImageName.objects.count() == 0
