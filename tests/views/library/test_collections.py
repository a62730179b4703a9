"""The pages of collections: the lists, and one collection."""

import pytest
from django.test import Client

from collections_app.models import Collection, Image, Share, User
from tests.sample_team import SampleTeam, sign_in_client

PAGES = ["/collections/{}/", "/collections/{}/rename/", "/collections/{}/delete/", "/collections/{}/upload/"]


@pytest.mark.parametrize("address", PAGES)
def test_outsider_gets_404(address: str, as_outsider: Client, sample: SampleTeam) -> None:
    for number in (sample.collection.pk, 10**30):
        assert as_outsider.get(address.format(number)).status_code == 404
        assert as_outsider.post(address.format(number), {"name": "Mine"}).status_code in (404, 405)
    assert Collection.objects.get().name == "Garden"


@pytest.mark.parametrize("address", PAGES[1:])
def test_viewer_gets_403_for_every_change(address: str, as_viewer: Client, sample: SampleTeam) -> None:
    assert as_viewer.get(address.format(sample.collection.pk)).status_code == 403
    answer = as_viewer.post(address.format(sample.collection.pk), {"name": "Mine"})
    assert answer.status_code == 403
    assert b"Only owners and editors of the team " in answer.content
    assert Collection.objects.get().name == "Garden"


def test_collections_of_teams_and_shared_ones_are_listed_apart(
    as_viewer: Client, as_outsider: Client, sample: SampleTeam
) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer", sharer=sample.owner)
    link = f'href="/collections/{sample.collection.pk}/"'
    assert link in as_viewer.get("/collections/").content.decode()
    assert link not in as_viewer.get("/shared/").content.decode()
    assert link not in as_outsider.get("/collections/").content.decode()
    shared = as_outsider.get("/shared/").content.decode()
    assert link in shared
    assert "owner@example.com" in shared


@pytest.mark.parametrize("address", ["/collections/", "/shared/"])
def test_lists_show_outsiders_nothing_of_a_team(address: str, as_outsider: Client, sample: SampleTeam) -> None:
    page = as_outsider.get(address).content.decode()
    assert "Garden" not in page
    assert "/thumbnail/" not in page


def test_viewer_sees_pictures_and_no_controls(as_viewer: Client, sample: SampleTeam) -> None:
    page = as_viewer.get(f"/collections/{sample.collection.pk}/").content.decode()
    assert f'data-image-id="{sample.image.pk}"' in page
    for control in ("rename", "delete", f"collections/{sample.collection.pk}/upload"):
        assert control not in page


def test_collection_is_created_in_the_personal_team(db: None) -> None:
    user = User.objects.create_user("new@example.com", "a long password")
    answer = sign_in_client(user).post("/collections/new/", {"name": "Holidays"})
    collection = Collection.objects.get()
    assert answer.headers["Location"] == f"/collections/{collection.pk}/"
    assert collection.team == user.personal_team


def test_collection_is_created_in_a_team_that_one_may_edit(as_owner: Client, sample: SampleTeam) -> None:
    as_owner.post("/collections/new/", {"name": "Hedges", "team": sample.team.pk})
    assert Collection.objects.get(name="Hedges").team == sample.team


def test_viewer_cannot_create_a_collection_in_the_team(as_viewer: Client, sample: SampleTeam) -> None:
    as_viewer.post("/collections/new/", {"name": "Hedges", "team": sample.team.pk})
    assert not Collection.objects.filter(name="Hedges", team=sample.team).exists()


def test_taken_name_is_refused_with_a_sentence(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.post("/collections/new/", {"name": "garden", "team": sample.team.pk})
    assert answer.status_code == 400
    assert "already exists" in answer.content.decode()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b"])
def test_bad_names_are_refused(name: str, as_owner: Client, sample: SampleTeam) -> None:
    assert as_owner.post(f"/collections/{sample.collection.pk}/rename/", {"name": name}).status_code == 400
    assert Collection.objects.get(pk=sample.collection.pk).name == "Garden"


def test_owner_renames_the_collection(as_owner: Client, sample: SampleTeam) -> None:
    as_owner.post(f"/collections/{sample.collection.pk}/rename/", {"name": "Orchard"})
    assert Collection.objects.get(pk=sample.collection.pk).name == "Orchard"


def test_deletion_is_confirmed_and_moves_the_pictures_to_trash(as_owner: Client, sample: SampleTeam) -> None:
    address = f"/collections/{sample.collection.pk}/delete/"
    assert "Its 1 picture is moved" in as_owner.get(address).content.decode()
    assert Collection.objects.not_trashed().exists()
    as_owner.post(address)
    assert not Collection.objects.not_trashed().exists()
    assert not Image.objects.not_trashed().exists()
