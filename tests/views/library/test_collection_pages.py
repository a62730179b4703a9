"""The head of a collection's page: title, description, dates, people, cover, and the collection to search in."""

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from collections_app.models import Collection, Image, Membership, Role, Share, User
from collections_app.services.library.collections import create_collection, select_cover
from collections_app.services.sharing.accounts import rename_person
from tests.sample_team import SampleTeam, put_picture, sign_in_client


@pytest.fixture
def address(sample: SampleTeam) -> str:
    return f"/collections/{sample.collection.pk}/"


def read(client: Client, address: str, **headers: str) -> str:
    return " ".join(client.get(address, headers=headers).content.decode().split())


def get_cover(sample: SampleTeam) -> int | None:
    return Collection.objects.with_summary().get(pk=sample.collection.pk).cover_id


def test_title_and_description_are_edited_on_a_page(as_owner: Client, address: str) -> None:
    page = as_owner.post(f"{address}rename/", {"name": "Roses", "description": "All of\nthem"}, follow=True)
    assert "<h1>Roses</h1>" in page.content.decode()
    assert "All of<br>them" in page.content.decode()


def test_title_and_description_are_edited_in_place(as_owner: Client, address: str) -> None:
    headers = {"HX-Request": "true", "HX-Target": "collection-title"}
    assert "<textarea" in as_owner.get(f"{address}rename/", headers=headers).content.decode()
    page = as_owner.post(f"{address}rename/", {"name": "Roses", "description": "Red"}, headers=headers)
    assert "<html" not in page.content.decode()
    assert "<h1>Roses</h1>" in page.content.decode()
    assert "Red" in page.content.decode()


def test_taken_title_is_refused_in_place(as_owner: Client, sample: SampleTeam, address: str) -> None:
    create_collection(team=sample.team, name="Roses", creator=sample.owner)
    headers = {"HX-Request": "true", "HX-Target": "collection-title"}
    answer = as_owner.post(f"{address}rename/", {"name": "roses"}, headers=headers)
    assert answer.status_code == 200
    assert "already exists" in answer.content.decode()
    assert Collection.objects.get(pk=sample.collection.pk).name == "Garden"


def test_viewers_see_the_description_and_cannot_edit_it(sample: SampleTeam, address: str) -> None:
    Collection.objects.update(description="All roses")
    page = read(sign_in_client(sample.viewer), address)
    assert "All roses" in page
    assert "Edit title" not in page


def test_cover_is_selected_and_shown_on_the_card(as_owner: Client, sample: SampleTeam, address: str) -> None:
    newer = put_picture(sample.collection, sample.owner, "tulip.png")
    assert get_cover(sample) == newer.pk
    as_owner.post(f"{address}cover/", {"image": sample.image.pk})
    assert get_cover(sample) == sample.image.pk
    assert f"/images/{sample.image.pk}/thumbnail/" in read(as_owner, "/collections/")
    as_owner.post(f"{address}cover/")
    assert get_cover(sample) == newer.pk


def test_cover_must_be_a_picture_of_the_collection(as_owner: Client, sample: SampleTeam, address: str) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)
    foreign = put_picture(other, sample.owner, "other.png")
    for sent in (str(foreign.pk), "0", "x"):
        assert as_owner.post(f"{address}cover/", {"image": sent}).status_code == 404


@pytest.mark.parametrize("ending", ["trashed", "moved", "deleted"])
def test_newest_picture_is_the_cover_after_the_selected_one_has_gone(ending: str, sample: SampleTeam) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)
    newer = put_picture(sample.collection, sample.owner, "tulip.png")
    select_cover(collection=sample.collection, image=sample.image)
    images = Image.objects.filter(pk=sample.image.pk)
    if ending == "deleted":
        images.delete_in_chunks()
    else:
        images.update(**({"trashed_at": timezone.now()} if ending == "trashed" else {"collection": other}))
    assert get_cover(sample) == newer.pk


def test_page_shows_the_months_of_the_first_and_the_last_picture(
    as_owner: Client, sample: SampleTeam, address: str
) -> None:
    newer = put_picture(sample.collection, sample.owner, "tulip.png")
    Image.objects.filter(pk=sample.image.pk).update(taken_at=datetime(2021, 5, 3))
    Image.objects.filter(pk=newer.pk).update(taken_at=datetime(2026, 11, 9))
    for query in ("", "?sort=title"):
        assert "May 2021 \N{EN DASH} Nov 2026" in read(as_owner, address + query)
    Image.objects.filter(pk=newer.pk).update(trashed_at=timezone.now())
    assert "· May 2021" in read(as_owner, address)


def test_owners_see_everybody_with_access_and_members_the_members(sample: SampleTeam, address: str) -> None:
    rename_person(user=sample.viewer, display_name="Vera Iger")
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    names = [f'<span class="visually-hidden">{name}</span>' for name in ("owner@example.com", "Vera Iger")]
    shared = '<span class="visually-hidden">outsider@example.com</span>'
    page = read(sign_in_client(sample.owner), address)
    assert all(name in page for name in (*names, shared))
    page = read(sign_in_client(sample.viewer), address)
    assert all(name in page for name in names)
    assert "outsider" not in page


def test_people_with_a_share_do_not_see_who_else_has_access(sample: SampleTeam, address: str) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    page = read(sign_in_client(sample.outsider), address)
    assert "owner@example.com" not in page
    assert "People with access" not in page


def test_page_shows_five_people_and_the_number_of_others(as_owner: Client, sample: SampleTeam, address: str) -> None:
    for number in range(6):
        person = User.objects.create_user(f"{number}@example.com")
        Membership.objects.create(team=sample.team, user=person, role=Role.VIEWER)
    page = read(as_owner, address)
    assert page.count('class="initials initials-') == 5
    assert ">+3<" in page


def test_search_box_searches_the_collection_until_it_is_removed(
    as_owner: Client, sample: SampleTeam, address: str
) -> None:
    field = f'<input type="hidden" name="collection" value="{sample.collection.pk}">'
    page = read(as_owner, address)
    assert page.index('id="search-form"') < page.index(field) < page.index("<main")
    header = read(as_owner, f"{address}?anywhere=1").split("<main")[0]
    assert field not in header
