"""Words of names in all scripts: folded and split alike when stored and when searched, in both databases."""

# ruff: noqa: RUF001

import unicodedata

import pytest
from django.db import connection

from collections_app.models import Collection, Image, Membership, Role, Team
from collections_app.models.text_search import ScopedWords
from collections_app.models.words import EMOJI, find_words
from collections_app.services.library.collections import create_collection
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import find_title_matches
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db

# A title, and what finds it.
FOUND = [
    *(("京都の紅葉", text) for text in ("紅葉", "京都", "京", "葉", "の紅", "京都の紅葉")),
    *(("東京タワー2024夜景", text) for text in ("タワー", "2024", "夜景", "東京 夜景")),
    *(("さくらの花見", text) for text in ("花見", "さくら", "くら")),
    ("ｱｲｽｸﾘｰﾑ", "アイス"),
    *(("한국어여행", text) for text in ("여행", "한국어", "행")),
    *(("ทะเลสาบสงขลา", text) for text in ("สงขลา", "ทะเล")),
    ("ຫຼວງພະບາງ", "ພະບາງ"),
    ("ភ្នំពេញ", "ពេញ"),
    ("ရန်ကုန်မြို့", "မြို့"),
    *(("می‌خواهم", text) for text in ("می‌خواهم", "میخواهم", "می خواهم", "خواهم")),
    ("میخواهم", "می‌خواهم"),
    ("می خواهم", "می‌خواهم"),
    *(("كتاب عليّ", text) for text in ("کتاب", "كتاب", "علی", "عَلِي")),
    ("سال ۱۴۰۲", "1402"),
    *(("İSTANBUL", text) for text in ("istanbul", "İstanbul", "ISTANBUL", "ıstanbul")),
    *(("DIYARBAKIR", text) for text in ("diyarbakır", "diyarbakir")),
    *(("Straße", text) for text in ("strasse", "STRASSE", "straße")),
    *(("ΟΔΟΣ", text) for text in ("οδος", "οδός", "ΟΔΌΣ")),
    *(("Ёлка в снегу", text) for text in ("елка", "ЁЛКА", "снегу ёлка")),
    *(("ＡＢＣ１２３", text) for text in ("abc123", "ＡＢＣ")),
    *(("Cafe\u0301 Mu\u0308ller", text) for text in ("café", "cafe müller", "CAFE\u0301")),
    *(("שָׁלוֹם", text) for text in ("שלום", "שָׁלוֹם")),
    *(("हिन्दी भाषा", text) for text in ("हिन्दी", "भाषा")),
    *(("Party 🎉 👩‍👩‍👧", text) for text in ("🎉", "party 🎉", "👩‍👩‍👧")),
    ("I ❤️ Rome", "❤ rome"),
    ("Smørrebrød", "smorrebrod"),
    ("soft\u00adhyphen", "softhyphen"),
]
NOT_FOUND = [
    ("京都の紅葉", "京紅"),
    ("京都の紅葉", "紅京"),
    ("한국어여행", "국여"),
    ("می‌خواهم", "خواه نمی"),
    ("İSTANBUL", "tanbul"),
]


def find_titles(sample: SampleTeam, text: str) -> list[str]:
    request = parse_search_request(user=sample.owner, parameters={"q": f'"{text}"'})
    return [image.title for image in find_title_matches(request, limit=10)]


@pytest.mark.parametrize(("title", "text"), FOUND)
def test_part_or_variant_of_a_title_finds_it(sample: SampleTeam, title: str, text: str) -> None:
    Image.objects.update(title=title)
    assert len(find_titles(sample, text)) == 1


@pytest.mark.parametrize(("title", "text"), FOUND)
def test_part_or_variant_of_a_collection_name_finds_its_pictures(sample: SampleTeam, title: str, text: str) -> None:
    Collection.objects.filter(pk=sample.collection.pk).update(name=title)
    assert len(find_titles(sample, text)) == 1


@pytest.mark.parametrize(("title", "text"), NOT_FOUND)
def test_letters_in_another_order_find_nothing(sample: SampleTeam, title: str, text: str) -> None:
    Image.objects.update(title=title)
    assert find_titles(sample, text) == []


def test_databases_fold_and_split_every_letter_as_queries_are(sample: SampleTeam) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite calls the function of queries")
    characters = [
        character
        for character in map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x1FFFF)])
        if unicodedata.category(character)[0] in "LMZP" or unicodedata.category(character) == "Nd"
    ]
    with connection.cursor() as cursor:
        points = [ord(each) for each in [*characters, *(each for each in EMOJI if each != "-")]]
        cursor.execute("SELECT number, image_names_tokens(chr(number)) FROM unnest(%s::int[]) AS number", [points])
        differing = [
            hex(number)
            for number, tokens in cursor.fetchall()
            if tokens != [token for word in find_words(chr(number)) for token in word.tokens]
        ]
    assert differing == []


def make_other_team(sample: SampleTeam, count: int) -> Collection:
    """A team of the outsider with many pictures of the same names."""
    team = Team.objects.create(name="Others")
    Membership.objects.create(team=team, user=sample.outsider, role=Role.OWNER)
    collection = create_collection(team=team, name="Garden", creator=sample.outsider)
    fields = {field.attname: getattr(sample.image, field.attname) for field in Image._meta.concrete_fields}
    del fields["id"], fields["public_id"]
    fields |= {"collection_id": collection.pk, "title": "Rose garden"}
    Image.objects.bulk_create([Image(**fields) for _ in range(count)])
    return collection


def list_matching_rows(sample: SampleTeam, text: str) -> list[int]:
    """Return the rows that the index itself returns for a search, before any other condition."""
    request = parse_search_request(user=sample.owner, parameters={"q": text})
    words = ScopedWords(text, tuple(request.scope.team_ids), tuple(request.scope.collections))
    sql, query = (
        ("SELECT rowid FROM image_names WHERE image_names MATCH %s", words.build_fts5_query())
        if connection.vendor == "sqlite"
        else ("SELECT rowid FROM image_names WHERE image_names @@ %s::tsquery", words.build_tsquery())
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [query])
        return [pk for (pk,) in cursor.fetchall()]


def test_index_returns_no_row_of_another_team(sample: SampleTeam) -> None:
    others = make_other_team(sample, 50)
    assert list_matching_rows(sample, "rose") == [sample.image.pk]
    others.shares.create(user=sample.owner, role="viewer")
    assert len(list_matching_rows(sample, "rose")) == 51


def test_collection_that_moves_to_another_team_is_found_there(sample: SampleTeam) -> None:
    Image.objects.update(title="Rose garden")
    Collection.objects.filter(pk=sample.collection.pk).update(team=sample.outsider.personal_team)
    assert find_titles(sample, "rose") == []
    request = parse_search_request(user=sample.outsider, parameters={"q": "rose garden"})
    assert len(find_title_matches(request, limit=10)) == 1
