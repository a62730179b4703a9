"""Titles and collection names in all scripts: parts of names without blanks, and variants of letters."""

# ruff: noqa: RUF001

import pytest

from collections_app.models import Collection, Image
from collections_app.services.search.fusion import find_name_matches
from collections_app.services.search.request import parse_search_request
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
    return [Image.objects.get(pk=each.id).title for each in find_name_matches(request)]


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
