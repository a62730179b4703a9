"""Suggestions of the search box: what is offered, how words narrow it, and that nothing invisible is offered."""

from collections.abc import Callable

import pytest
from django.http import QueryDict

from collections_app.models import Collection, Image, Membership, SavedSearch, Share, TagTotal, User
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import restore_images, trash_collection, trash_images
from collections_app.services.search.recent import remember_search, set_search_history
from collections_app.services.search.suggestions import MAX_SUGGESTED, Suggestions, find_suggestions
from tests.sample_team import SampleTeam, put_picture

pytestmark = pytest.mark.django_db


def tag(image: Image, *tags: str) -> None:
    Image.objects.filter(pk=image.pk).update(tags=list(tags))


def list_tags(user: User, text: str = "") -> list[str]:
    return [each.name for each in find_suggestions(user=user, text=text).tags]


def list_texts(user: User, text: str) -> list[str]:
    """Return what the box would contain after each suggestion that is written into it."""
    found = find_suggestions(user=user, text=text)
    return [each.text for each in found.collections] + [each.text for each in (*found.people, *found.tags)]


def test_empty_box_offers_everything(sample: SampleTeam) -> None:
    tag(sample.image, "summer")
    remember_search(user=sample.owner, parameters=QueryDict("q=a rose"))
    SavedSearch.objects.create(maker=sample.owner, name="Roses", query="q=rose")
    found = find_suggestions(user=sample.owner)
    assert [each.text for each in found.recent] == ["a rose"]
    assert [each.name for each in found.saved] == ["Roses"]
    assert [each.collection.pk for each in found.collections] == [sample.collection.pk]
    assert [each.name for each in found.people] == ["owner"]
    assert [each.name for each in found.tags] == ["summer"]


def test_person_whose_name_means_oneself_is_not_offered(sample: SampleTeam) -> None:
    put_picture(sample.collection, User.objects.create_user("me@example.com"), "mine.png")
    assert [each.name for each in find_suggestions(user=sample.owner).people] == ["owner"]


def test_lists_are_bounded(sample: SampleTeam) -> None:
    tag(sample.image, *(f"tag {number}" for number in range(MAX_SUGGESTED + 2)))
    for number in range(MAX_SUGGESTED + 2):
        create_collection(team=sample.team, name=f"Collection {number}", creator=sample.owner)
        remember_search(user=sample.owner, parameters=QueryDict(f"q={number}"))
        SavedSearch.objects.create(maker=sample.owner, name=f"{number}", query="q=rose")
        person = User.objects.create_user(f"person{number}@example.com")
        put_picture(sample.collection, person, f"{number}.png", colour=(number, 1, 1))
    found = find_suggestions(user=sample.owner)
    lists = (found.recent, found.saved, found.collections, found.people, found.tags)
    assert [len(each) for each in lists] == [MAX_SUGGESTED] * 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum", ["tag:summer"]),
        ("a rose SUM", ["a rose tag:summer"]),
        ("tag:sum", ["tag:summer"]),
        ("a rose -tag:sum", ["a rose -tag:summer"]),
        ("whi", ['tag:"white dog"']),
        ("big white d", ['big tag:"white dog"']),
        ("dog", ['tag:"white dog"']),
        ("елк", ["tag:Ёлка"]),
        ("葉", ["tag:京都の紅葉"]),
        ("umm", []),
        ("rose -sum", []),
        ('"', []),
        ("own", ["by:owner"]),
        ("a rose by:o", ["a rose by:owner"]),
        ("by:sum", []),
        ("tag:summer", []),
        ("rose garde", ["rose in:Garden"]),
        ("in:garde", ["in:Garden"]),
        ("-in:garde", []),
        ("garde", [""]),
    ],
)
def test_last_words_become_a_filter(text: str, expected: list[str], sample: SampleTeam) -> None:
    tag(sample.image, "summer", "white dog", "Ёлка", "京都の紅葉")
    assert list_texts(sample.owner, text) == expected


def test_searches_contain_all_words(sample: SampleTeam) -> None:
    remember_search(user=sample.owner, parameters=QueryDict("q=a red rose"))
    remember_search(user=sample.owner, parameters=QueryDict("q=a red car"))
    SavedSearch.objects.create(maker=sample.owner, name="Red roses", query="q=rose")
    found = find_suggestions(user=sample.owner, text="red ro")
    assert [each.text for each in found.recent] == ["a red rose"]
    assert [each.name for each in found.saved] == ["Red roses"]


def test_recent_search_names_its_place(sample: SampleTeam) -> None:
    remember_search(user=sample.owner, parameters=QueryDict(f"q=rose&collection={sample.collection.pk}"))
    remember_search(user=sample.owner, parameters=QueryDict(f"q=tree&team={sample.team.pk}"))
    remember_search(user=sample.owner, parameters=QueryDict("q=bush&collection=9999"))
    names = {each.text: each.scope_name for each in find_suggestions(user=sample.owner).recent}
    assert names == {"rose": "Garden", "tree": "Gardeners", "bush": ""}


def test_recent_searches_are_not_offered_while_the_history_is_off(sample: SampleTeam) -> None:
    remember_search(user=sample.owner, parameters=QueryDict("q=rose"))
    set_search_history(user=sample.owner, is_on=False)
    assert find_suggestions(user=User.objects.get(pk=sample.owner.pk)).recent == []


def test_recent_searches_with_an_uploaded_example_are_not_offered(sample: SampleTeam) -> None:
    remember_search(user=sample.owner, parameters=QueryDict("q=like:xadad rose"))
    remember_search(user=sample.owner, parameters=QueryDict("q=like:12 rose"))
    assert [each.text for each in find_suggestions(user=sample.owner).recent] == ["like:12 rose"]


def test_frequent_tags_come_first_in_one_spelling(sample: SampleTeam) -> None:
    tag(sample.image, "rose", "Dog")
    for number in range(3):
        tag(put_picture(sample.collection, sample.owner, f"{number}.png", colour=(number, 1, 1)), "dog")
    assert list_tags(sample.owner) == ["dog", "rose"]


def test_outsider_is_offered_nothing(sample: SampleTeam) -> None:
    tag(sample.image, "summer")
    SavedSearch.objects.create(maker=sample.owner, name="Roses", query="q=rose", team=sample.team)
    remember_search(user=sample.owner, parameters=QueryDict("q=rose"))
    assert find_suggestions(user=sample.outsider) == Suggestions(
        recent=[], saved=[], collections=[], people=[], tags=[]
    )


def move_out(sample: SampleTeam) -> None:
    own = create_collection(team=sample.owner.personal_team, name="Own", creator=sample.owner)
    Image.objects.filter(pk=sample.image.pk).update(collection=own)


REMOVALS: dict[str, Callable[[SampleTeam], object]] = {
    "the person leaves the team": lambda sample: Membership.objects.filter(user=sample.viewer).delete(),
    "the picture is trashed": lambda sample: trash_images(images=Image.objects.all(), trasher=sample.owner),
    "the collection is trashed": lambda sample: trash_collection(collection=sample.collection, trasher=sample.owner),
    "the picture is deleted": lambda _: Image.objects.all().delete(),
    "the picture is moved out": move_out,
}


@pytest.mark.parametrize("removal", REMOVALS)
def test_what_became_invisible_is_not_offered(removal: str, sample: SampleTeam) -> None:
    tag(sample.image, "summer")
    assert list_texts(sample.viewer, "summer") == ["tag:summer"]
    assert list_texts(sample.viewer, "owner") == ["by:owner"]
    REMOVALS[removal](sample)
    assert list_texts(sample.viewer, "summer") == []
    assert list_texts(sample.viewer, "owner") == []


def test_share_offers_the_tags_of_one_collection_until_it_is_revoked(sample: SampleTeam) -> None:
    tag(sample.image, "summer")
    other = create_collection(team=sample.team, name="Hedge", creator=sample.owner)
    tag(put_picture(other, sample.owner, "hedge.png"), "secret")
    share = Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    assert list_tags(sample.outsider) == ["summer"]
    share.delete()
    assert list_tags(sample.outsider) == []


def test_tag_is_offered_again_after_its_picture_is_restored(sample: SampleTeam) -> None:
    tag(sample.image, "summer")
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    restore_images(images=Image.objects.all())
    assert list_tags(sample.owner) == ["summer"]


def test_json_that_is_no_list_of_texts_has_no_tags(sample: SampleTeam) -> None:
    for value in ({"a": "b"}, "summer", 7, [1, None, ["x"], "rose", "rose"]):
        Image.objects.filter(pk=sample.image.pk).update(tags=value)
    assert list(TagTotal.objects.values_list("tag", "image_count")) == [("rose", 1)]
    Collection.objects.get(pk=sample.collection.pk).delete()
    assert not TagTotal.objects.by_frequency().exists()  # PostgreSQL adds the rows up later
