"""Names are stored in one form, and names that differ in case only are the same in both databases."""

# ruff: noqa: RUF001

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from collections_app.errors import NameMissing, NameTaken
from collections_app.models import Collection, Image, SavedSearch, Team, User
from collections_app.models.names import clean_name, fold_name
from collections_app.services.library.collections import create_collection, describe_collection
from collections_app.services.library.trash import restore_collection, trash_collection
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db

CLEANED = {
    "two  blanks": "two blanks",
    "a\ttab\nand a line": "a tab and a line",
    " around ": "around",
    "Cafe\u0301": "Café",
    "bell\x07 and NUL\x00": "bell and NUL",
    "mark \u202eof direction": "mark of direction",
    "zero\u200bwidth": "zerowidth",
    "👨\u200d👩\u200d👧": "👨\u200d👩\u200d👧",
    "می\u200cخواهم": "می\u200cخواهم",
    'The "Great" War': 'The "Great" War',
    "half \ud800 surrogate": "half surrogate",
    "\u200d \u200b": "",
}
SAME = [("ёлка", "ЁЛКА"), ("İstanbul", "istanbul"), ("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("Ａｂｃ", "ABC")]
SAME += [("Été", "E\u0301TE\u0301"), ("❤️", "❤"), ("Trips", "TRIPS"), ("می‌خواهم", "میخواهم")]


@pytest.mark.parametrize("name", CLEANED, ids=repr)
def test_name_is_stored_in_one_form(name: str) -> None:
    assert clean_name(name) == CLEANED[name]
    assert clean_name(CLEANED[name]) == CLEANED[name]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_second_name_that_differs_in_case_only_is_taken(sample: SampleTeam, first: str, second: str) -> None:
    create_collection(team=sample.team, name=first, creator=sample.owner)
    with pytest.raises(NameTaken):
        create_collection(team=sample.team, name=second, creator=sample.owner)
    with pytest.raises(NameTaken):
        describe_collection(collection=sample.collection, name=second, description="", editor=sample.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Collection.objects.create(team=sample.team, name=second, creator=sample.owner)
    create_collection(team=sample.owner.personal_team, name=second, creator=sample.owner)


@pytest.mark.parametrize(("first", "second"), [("Żaba", "Zaba"), ("ёлка", "елка"), ("Café", "Cafe")])
def test_names_with_other_letters_are_different(first: str, second: str) -> None:
    assert fold_name(first) != fold_name(second)


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\x00\x07", "\u200d"])
def test_name_without_a_visible_character_is_refused(sample: SampleTeam, name: str) -> None:
    with pytest.raises(NameMissing):
        create_collection(team=sample.team, name=name, creator=sample.owner)
    answer = sign_in_client(sample.owner).post("/collections/new/", {"name": name, "team": sample.team.pk})
    assert answer.status_code == 400


def test_restored_collection_gets_another_name_if_its_own_is_taken(sample: SampleTeam) -> None:
    old = create_collection(team=sample.team, name="ёлка", creator=sample.owner)
    trash_collection(collection=old, trasher=sample.owner)
    create_collection(team=sample.team, name="ЁЛКА", creator=sample.owner)
    restore_collection(collection=Collection.objects.get(pk=old.pk))
    assert Collection.objects.get(pk=old.pk).name == "ёлка (2)"


def test_every_write_cleans_names(sample: SampleTeam) -> None:
    for name in ("a  b\t", "x\x00  y"):
        Collection.objects.filter(pk=sample.collection.pk).update(name=name)
        Team.objects.filter(pk=sample.team.pk).update(name=name)
        Image.objects.update(title=name, tags=[name.upper(), name, ""])
        saved = SavedSearch.objects.create(maker=sample.owner, name=name, query="q=a")
        cleaned = clean_name(name)
        sample.collection.refresh_from_db()
        assert (sample.collection.name, sample.collection.folded_name) == (cleaned, cleaned)
        assert Team.objects.get(pk=sample.team.pk).name == saved.name == cleaned
        assert (Image.objects.get().title, Image.objects.get().tags) == (cleaned, [cleaned])


def test_upload_form_uses_the_collection_of_the_same_name(sample: SampleTeam) -> None:
    first = create_collection(team=sample.owner.personal_team, name="ёлка", creator=sample.owner)
    assert list(Collection.objects.named("ЁЛКА").filter(team=sample.owner.personal_team)) == [first]


def test_administration_reports_a_taken_name(sample: SampleTeam) -> None:
    admin = User.objects.create_superuser("admin@example.com", "a long password")
    create_collection(team=sample.team, name="ёлка", creator=sample.owner)
    form = {"name": "ЁЛКА", "team": sample.team.pk, "creator": sample.owner.pk}
    client: Client = sign_in_client(admin)
    answer = client.post(f"/admin/collections_app/collection/{sample.collection.pk}/change/", form)
    assert "has a collection of this name" in answer.content.decode()


@pytest.mark.parametrize(
    "name", ['The "Great" War', "C:\\new", "two  blanks", "a\ttab", "Cafe\u0301", "👨‍👩‍👧", "“x”", "ЁЛКА"]
)
def test_collection_team_and_tag_of_any_name_can_be_addressed(sample: SampleTeam, name: str) -> None:
    describe_collection(collection=sample.collection, name=name, description="", editor=sample.owner)
    Team.objects.filter(pk=sample.team.pk).update(name=name)
    Image.objects.update(tags=[name])
    written = name.replace("\\", "\\\\")
    for mark in '"“”':
        written = written.replace(mark, f"\\{mark}")
    for key in ("in", "team", "tag"):
        for text in {written, written.lower()}:
            request = parse_search_request(user=sample.owner, parameters={"q": f'{key}:"{text}"'})
            assert request.problems == []
            assert [each.id for each in run_search(request).ranked] == [sample.image.pk]


def test_person_whose_address_has_quotation_marks_can_be_addressed(sample: SampleTeam) -> None:
    User.objects.filter(pk=sample.owner.pk).update(email='"o\'hara x"@example.com')
    request = parse_search_request(user=sample.owner, parameters={"q": r'by:"\"o' + r"'hara x\"" + r'@example.com"'})
    assert request.problems == []
    assert run_search(request).ranked


def test_addresses_are_stored_in_lower_case_in_all_alphabets() -> None:
    user = User.objects.create(email="Anna@ПРИМЕР.example")
    assert user.email == "anna@пример.example"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="anna@пример.EXAMPLE")
