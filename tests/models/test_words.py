"""Words of names in all scripts: folded and split alike when stored and when searched, in both databases."""

import unicodedata

import pytest
from django.db import connection

from collections_app.models import Collection, Image, Membership, Role, Team
from collections_app.models.text_search import ScopedWords
from collections_app.models.words import EMOJI, find_words
from collections_app.services.library.collections import create_collection
from collections_app.services.search.fusion import find_name_matches
from collections_app.services.search.request import parse_search_request
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db


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


def test_spellings_that_are_one_tag_have_the_same_words() -> None:
    characters = [character for character in map(chr, range(0x110000)) if character.casefold() != character]
    assert len(characters) > 1000
    spellings = ((f"a{each}b", f"a{each.casefold()}b") for each in characters)
    assert [both for both in spellings if find_words(both[0]) != find_words(both[1])] == []


def test_index_returns_no_row_of_another_team(sample: SampleTeam) -> None:
    others = make_other_team(sample, 50)
    assert list_matching_rows(sample, "rose") == [sample.image.pk]
    others.shares.create(user=sample.owner, role="viewer")
    assert len(list_matching_rows(sample, "rose")) == 51


def test_collection_that_moves_to_another_team_is_found_there(sample: SampleTeam) -> None:
    Image.objects.update(title="Rose garden")
    Collection.objects.filter(pk=sample.collection.pk).update(team=sample.outsider.personal_team)
    before = parse_search_request(user=sample.owner, parameters={"q": "rose garden"})
    assert not find_name_matches(before)
    request = parse_search_request(user=sample.outsider, parameters={"q": "rose garden"})
    assert len(find_name_matches(request)) == 1
