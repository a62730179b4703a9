"""The page of duplicates: who sees what, keeping one, undoing, dismissing."""

import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from collections_app.models import Collection, DuplicateDismissal, Image, Share
from collections_app.services.duplicates.comparing import Comparer
from collections_app.services.duplicates.decisions import dismiss_duplicates
from collections_app.services.duplicates.pages import MAX_SHOWN
from collections_app.services.library.collections import create_collection
from tests.duplicate_pictures import set_hash_and_vector
from tests.sample_team import SampleTeam, put_picture, sign_in_client

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENTS = 15
KEEPER = r'name="keep" value="(\d+)" checked'


@pytest.fixture
def address(sample: SampleTeam) -> str:
    return f"/teams/{sample.team.pk}/duplicates/"


def put_group(sample: SampleTeam, number: int, size: int = 2) -> list[Image]:
    """Pictures of one hash and vector; the first is the best."""
    images = []
    for place in range(size):
        image = put_picture(sample.collection, sample.owner, f"{number}-{place}.png", colour=(number, place, 99))
        Image.objects.filter(pk=image.pk).update(width=100 - place)
        set_hash_and_vector(image, value=0x123456789 * (number + 1) ** 7, vector=[0] * number + [1])
        images.append(image)
    Comparer().drain()
    return images


def not_trashed_ids(images: list[Image]) -> list[int]:
    return [image.pk for image in images if Image.objects.not_trashed().filter(pk=image.pk).exists()]


def test_group_is_shown_with_its_best_picture_and_the_reason(
    as_owner: Client, sample: SampleTeam, address: str
) -> None:
    best, other = put_group(sample, 1)
    page = as_owner.get(address).content.decode()
    assert "1 group of identical or very similar pictures" in page
    assert f'name="keep" value="{best.pk}" checked' in page
    assert f'name="keep" value="{other.pk}">' in page
    assert "Highest resolution" in page
    assert page.count("Nearly identical") == 1


def test_groups_are_not_landmarks_of_the_same_name(as_owner: Client, sample: SampleTeam, address: str) -> None:
    put_group(sample, 1)
    put_group(sample, 2)
    page = as_owner.get(address).content.decode()
    assert page.count("duplicate-group") == 2
    names = [
        re.findall(rf'id="{label}">\s*(.*?)\s*<', page)
        for label in re.findall(r'<form[^>]*aria-labelledby="([^"]+)"', page)
    ]
    assert all(names.count(name) == 1 for name in names)


def test_page_says_that_a_team_has_no_duplicates(as_owner: Client, sample: SampleTeam, address: str) -> None:
    assert "No duplicates" in as_owner.get(address).content.decode()


def test_a_viewer_sees_the_groups_without_buttons(as_viewer: Client, sample: SampleTeam, address: str) -> None:
    put_group(sample, 1)
    page = as_viewer.get(address).content.decode()
    assert "1-0.png" in page
    for control in ('name="keep"', 'name="image"', "Not duplicates", "to trash"):
        assert control not in page


def test_selected_duplicates_are_trashed_and_restored(as_owner: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1, size=3)
    ids = [image.pk for image in images]
    page = as_owner.post(f"{address}trash/", {"keep": ids[1], "image": ids[:2]}, follow=True)
    assert "1 picture moved to trash" in page.content.decode()
    assert "Undo" in page.content.decode()
    assert not_trashed_ids(images) == ids[1:]

    answer = as_owner.post("/pictures/undo/")
    assert answer.headers["Location"] == address
    assert not_trashed_ids(images) == ids


@pytest.mark.parametrize("sent", ["nothing", "no keeper", "two keepers", "keeper alone"])
def test_invalid_selection_changes_nothing(sent: str, as_owner: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1)
    one, other = (image.pk for image in images)
    form = {
        "nothing": {},
        "no keeper": {"image": [one, other]},
        "two keepers": {"keep": [one, other], "image": [one, other]},
        "keeper alone": {"keep": one, "image": one},
    }[sent]
    page = as_owner.post(f"{address}trash/", form, follow=True).content.decode()
    assert "Select the picture to keep" in page
    assert not_trashed_ids(images) == [one, other]


def test_nothing_is_trashed_when_the_keeper_is_missing(as_owner: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1)
    form = {"keep": 10**9, "image": [image.pk for image in images]}
    assert "The picture to keep was deleted" in as_owner.post(f"{address}trash/", form, follow=True).content.decode()
    assert len(not_trashed_ids(images)) == 2


def test_viewer_cannot_trash_duplicates(as_viewer: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1)
    form = {"keep": images[0].pk, "image": images[1].pk}
    assert "Nothing was moved" in as_viewer.post(f"{address}trash/", form, follow=True).content.decode()
    assert len(not_trashed_ids(images)) == 2


def test_viewer_trashes_duplicates_that_a_share_lets_them_edit(
    as_viewer: Client, sample: SampleTeam, address: str
) -> None:
    one = put_group(sample, 1)[0]
    shared = create_collection(team=sample.team, name="Shared", creator=sample.owner)
    theirs = put_picture(shared, sample.owner, "theirs.png", colour=(4, 5, 6))
    set_hash_and_vector(theirs, value=0x123456789 * 2**7, vector=[0, 1])
    Share.objects.create(collection=shared, user=sample.viewer, role="editor")
    Comparer().drain()

    page = as_viewer.get(address).content.decode()
    assert f'name="image" value="{theirs.pk}"' in page
    assert f'name="image" value="{one.pk}"' not in page
    as_viewer.post(f"{address}trash/", {"keep": one.pk, "image": [one.pk, theirs.pk]})
    assert not_trashed_ids([one, theirs]) == [one.pk]


def test_pictures_of_another_team_are_neither_shown_nor_trashed(
    as_owner: Client, sample: SampleTeam, address: str
) -> None:
    mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    foreign = put_picture(mine, sample.owner, "foreign.png", colour=(7, 8, 9))
    set_hash_and_vector(foreign, value=0x123456789 * 2**7, vector=[0, 1])
    keeper = put_group(sample, 1)[0]
    assert "foreign.png" not in as_owner.get(address).content.decode()
    as_owner.post(f"{address}trash/", {"keep": keeper.pk, "image": foreign.pk})
    assert not_trashed_ids([foreign]) == [foreign.pk]


def test_dismissed_pictures_are_not_shown_again(as_owner: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1)
    form = {"member": [image.pk for image in images]}
    page = as_owner.post(f"{address}different/", form, follow=True).content.decode()
    assert "no longer shown" in page
    assert "No duplicates" in page
    assert len(not_trashed_ids(images)) == 2


def test_viewer_cannot_dismiss_duplicates(as_viewer: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1)
    assert as_viewer.post(f"{address}different/", {"member": [each.pk for each in images]}).status_code == 403
    assert not DuplicateDismissal.objects.exists()


def test_groups_are_paged_and_a_decision_returns_to_its_page(
    as_owner: Client, sample: SampleTeam, address: str
) -> None:
    keepers = [put_group(sample, number)[0] for number in range(13)]
    keepers.sort(key=lambda image: (-image.byte_size, image.pk))
    first = as_owner.get(address).content.decode()
    (cursor,) = re.findall(r"\?after=(\d+-\d+-\d+)", first)
    second = as_owner.get(address, {"after": cursor}).content.decode()
    assert [int(pk) for page in (first, second) for pk in re.findall(KEEPER, page)] == [each.pk for each in keepers]
    answer = as_owner.post(f"{address}different/", {"member": sample.image.pk, "after": cursor})
    assert answer.headers["Location"] == f"{address}?after={cursor}"


@pytest.mark.parametrize("cursor", ["x", "1-2", "1-2-3-4", "1--3", "9" * 30 + "-1-1"])
def test_invalid_position_shows_the_first_page(cursor: str, as_owner: Client, sample: SampleTeam, address: str) -> None:
    put_group(sample, 1)
    assert "1-0.png" in as_owner.get(address, {"after": cursor}).content.decode()


def test_the_number_of_statements_does_not_depend_on_the_groups(
    as_owner: Client, sample: SampleTeam, address: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    put_group(sample, 0)
    as_owner.get(address)
    with django_assert_num_queries(STATEMENTS):
        as_owner.get(address)
    for number in range(1, 5):
        put_group(sample, number, size=3)
    with django_assert_num_queries(STATEMENTS):
        as_owner.get(address)


def test_missing_index_changes_nothing_on_the_page(
    as_owner: Client, sample: SampleTeam, address: str, request: pytest.FixtureRequest
) -> None:
    put_group(sample, 1)
    request.getfixturevalue("broken_index")
    copy = put_picture(sample.collection, sample.owner, "copy.png", colour="green")
    Image.objects.filter(pk=copy.pk).update(sha256=sample.image.sha256)
    answer = as_owner.get(address)
    assert answer.status_code == 200
    for name in ("1-0.png", "1-1.png", "copy.png"):
        assert name in answer.content.decode()


def test_exact_copy_is_shown_before_it_is_compared(as_owner: Client, sample: SampleTeam, address: str) -> None:
    copy = put_picture(sample.collection, sample.owner, "copy.png", colour="green")
    Image.objects.filter(pk=copy.pk).update(sha256=sample.image.sha256)
    page = as_owner.get(address).content.decode()
    assert page.count("Exact copy") == 1
    assert "copy.png" in page
    Image.objects.filter(pk=copy.pk).update(trashed_at=timezone.now())
    assert "copy.png" not in as_owner.get(address).content.decode()


@pytest.mark.parametrize("change", ["trash keeper", "trash other", "trash collection", "move", "delete", "dismiss"])
def test_stored_group_is_not_shown_when_it_became_invalid(
    change: str, as_owner: Client, sample: SampleTeam, address: str
) -> None:
    """Before the change is compared: the page decides itself."""
    keeper, other = put_group(sample, 1)
    assert "1-0.png" in as_owner.get(address).content.decode()
    changed = Image.objects.filter(pk=other.pk if change == "trash other" else keeper.pk)
    if change in ("trash keeper", "trash other"):
        changed.update(trashed_at=timezone.now())
    elif change == "trash collection":
        Collection.objects.filter(pk=sample.collection.pk).update(trashed_at=timezone.now())
    elif change == "move":
        mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
        changed.update(collection=mine)
    elif change == "delete":
        changed.delete()
    else:
        dismiss_duplicates(team=sample.team, image_ids=[keeper.pk, other.pk], member=sample.owner)
    page = as_owner.get(address).content.decode()
    assert "No duplicates" in page
    assert not {"1-0.png", "1-1.png"} & set(re.findall(r"1-\d\.png", page))


def test_page_says_how_many_pictures_are_still_compared(
    as_owner: Client, sample: SampleTeam, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "being compared" not in as_owner.get(address).content.decode()
    put_group(sample, 1)
    assert "being compared" not in as_owner.get(address).content.decode()
    Image.objects.indexed().record_comparison(None)
    assert "2 pictures are still being compared" in as_owner.get(address).content.decode()
    monkeypatch.setattr("collections_app.services.duplicates.pages.MAX_COUNTED", 1)
    monkeypatch.setattr("collections_app.views.library.duplicates.MAX_COUNTED", 1)
    assert "More than 1 pictures are still being compared" in as_owner.get(address).content.decode()


def test_large_group_shows_its_keeper_and_some_others(as_owner: Client, sample: SampleTeam, address: str) -> None:
    images = put_group(sample, 1, size=MAX_SHOWN + 3)
    Image.objects.filter(pk=images[-1].pk).update(width=200)
    set_hash_and_vector(images[-1], value=0x123456789 * 2**7, vector=[0, 1])
    Comparer().drain()
    page = as_owner.get(address).content.decode()
    assert page.count('name="member"') == MAX_SHOWN
    assert re.findall(KEEPER, page) == [str(images[-1].pk)]


def test_outsider_gets_404(as_outsider: Client, sample: SampleTeam, address: str) -> None:
    assert as_outsider.get(address).status_code == 404


def test_personal_team_has_the_page_and_the_account_links_to_it(sample: SampleTeam) -> None:
    client = sign_in_client(sample.outsider)
    address = f"/teams/{sample.outsider.personal_team.pk}/duplicates/"
    assert address in client.get("/account/").content.decode()
    assert client.get(address).status_code == 200


def test_overview_lists_the_teams_with_their_groups(as_viewer: Client, sample: SampleTeam) -> None:
    put_group(sample, 1)
    put_group(sample, 2)
    foreign = create_collection(team=sample.outsider.personal_team, name="Foreign", creator=sample.outsider)
    for number in range(2):
        copy = put_picture(foreign, sample.outsider, f"{number}.png", colour=(number, 8, 8))
        set_hash_and_vector(copy, value=99, vector=[1])
    Comparer().drain()
    page = as_viewer.get("/duplicates/").content.decode()
    rows = [" ".join(re.sub("<.*?>", "", row).split()) for row in re.findall('<li class="row">.*?</li>', page, re.S)]
    assert rows == ["Gardeners 2 groups", f"{sample.viewer.personal_team.name} No duplicates"]
    assert f'href="/teams/{sample.team.pk}/duplicates/"' in page


def test_overview_of_a_single_team_is_its_page(as_outsider: Client, sample: SampleTeam) -> None:
    page = as_outsider.get("/duplicates/").content.decode()
    assert page.count("Pictures are compared after they are prepared for search.") == 1
    assert f'href="/teams/{sample.outsider.personal_team.pk}/"' in page
