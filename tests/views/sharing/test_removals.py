"""Removing a member: what ends, what the remover decides about, and what passes to the team."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from collections_app.models import (
    Collection,
    Image,
    Invitation,
    Membership,
    PublicLink,
    Role,
    SavedSearch,
    SearchVisit,
    Share,
    Team,
    User,
)
from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_owner(sample: SampleTeam) -> User:
    """An owner who has shared with others in every way."""
    person = User.objects.create_user("second@example.com", "a long password")
    Membership.objects.create(team=sample.team, user=person, role=Role.OWNER)
    own = Team.objects.create(name="Readers")
    Membership.objects.create(team=own, user=person, role=Role.OWNER)
    create_link(collection=sample.collection, creator=person)
    Share.objects.create(collection=sample.collection, team=own, role="editor", sharer=person)
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="editor", sharer=person)
    SavedSearch.objects.create(maker=person, name="Roses", query="q=rose", team=sample.team)
    invite(email="new@example.com", role="owner", inviter=person, team=sample.team)
    invite(email="new@example.com", role="editor", inviter=person, collection=sample.collection)
    return person


def address_of(person: User, team: Team, action: str = "remove") -> str:
    membership = Membership.objects.get(user=person, team=team)
    return f"/teams/{team.pk}/members/{membership.pk}/{action}/"


def read_listed(page: str) -> set[str]:
    return set(re.findall(r'name="listed" value="([\w-]+)"', page))


def read_ticked(page: str) -> set[str]:
    boxes = re.findall(r"<input type=\"checkbox\" name=\"revoke\"[^>]*>", page)
    return {re.findall(r'value="([\w-]+)"', box)[0] for box in boxes if " checked" in box}


def can_see(client: Client, image: Image) -> bool:
    return bool(client.get(f"/images/{image.pk}/").status_code == 200)


def test_removed_viewer_who_also_had_a_share_of_the_collection_loses_it(sample: SampleTeam, as_owner: Client) -> None:
    Share.objects.create(collection=sample.collection, user=sample.viewer, role="editor")
    client = sign_in_client(sample.viewer)
    edit = f"/images/{sample.image.pk}/edit/"
    assert client.get(edit).status_code == 200

    as_owner.post(address_of(sample.viewer, sample.team))

    assert not can_see(client, sample.image)
    assert client.post(edit, {"title": "Mine"}).status_code == 404
    assert client.get(f"/collections/{sample.collection.pk}/").status_code == 404


@pytest.mark.parametrize("way", ["leave", "row", "query"])
def test_share_ends_on_every_way_out_of_a_team(sample: SampleTeam, way: str) -> None:
    Share.objects.create(collection=sample.collection, user=sample.viewer, role="viewer")
    client = sign_in_client(sample.viewer)
    membership = Membership.objects.get(user=sample.viewer, team=sample.team)
    if way == "leave":
        client.post(f"/teams/{sample.team.pk}/leave/")
    elif way == "row":
        membership.delete()
    else:
        Membership.objects.filter(pk=membership.pk).delete()
    assert not can_see(client, sample.image)


def test_remover_sees_everything_with_revoke_ticked(sample: SampleTeam, as_owner: Client, second_owner: User) -> None:
    page = as_owner.get(address_of(second_owner, sample.team)).content.decode()
    assert len(read_listed(page)) == 6
    assert read_ticked(page) == read_listed(page)
    for words in ("Public link to “Garden”", "outsider@example.com", "Readers", "new@example.com", "“Roses”"):
        assert words in page
    assert Membership.objects.filter(user=second_owner, team=sample.team).exists()


def test_ticked_grants_end_with_the_membership(sample: SampleTeam, as_owner: Client, second_owner: User) -> None:
    link, visitor = PublicLink.objects.get(), Client()
    former, guest = sign_in_client(second_owner), sign_in_client(sample.outsider)
    assert visitor.get(f"/s/{link.secret}/").status_code == 200
    address = address_of(second_owner, sample.team)
    listed = list(read_listed(as_owner.get(address).content.decode()))

    as_owner.post(address, {"listed": listed, "revoke": listed})

    assert visitor.get(f"/s/{link.secret}/").status_code == 404
    assert not can_see(former, sample.image)  # not through the team “Readers” either
    assert not can_see(guest, sample.image)
    assert not Invitation.objects.exists()
    assert not SavedSearch.objects.filter(team=sample.team).exists()
    assert SavedSearch.objects.get(maker=second_owner).name == "Roses"


def test_what_is_not_ticked_passes_to_the_remover(sample: SampleTeam, as_owner: Client, second_owner: User) -> None:
    search, link = SavedSearch.objects.get(), PublicLink.objects.get()
    address = address_of(second_owner, sample.team)
    listed = list(read_listed(as_owner.get(address).content.decode()))

    as_owner.post(address, {"listed": listed})

    link.refresh_from_db()
    assert link.creator == sample.owner
    assert Client().get(f"/s/{link.secret}/").status_code == 200
    assert {each.sharer for each in Share.objects.all()} == {sample.owner}
    assert {each.inviter for each in Invitation.objects.all()} == {sample.owner}
    search.refresh_from_db()
    assert (search.maker, search.team) == (sample.owner, sample.team)
    assert SavedSearch.objects.get(maker=second_owner).team is None
    sharing = as_owner.get(f"/collections/{sample.collection.pk}/sharing/").content.decode()
    assert "Responsible: owner@example.com" in sharing


def test_without_the_page_everything_is_revoked(sample: SampleTeam, as_owner: Client, second_owner: User) -> None:
    """As for what the member opens between the page and the form."""
    as_owner.post(address_of(second_owner, sample.team))
    assert [model.objects.count() for model in (PublicLink, Share, Invitation)] == [0, 0, 0]


def test_grants_of_others_and_of_other_teams_stay(sample: SampleTeam, as_owner: Client, second_owner: User) -> None:
    mine = create_link(collection=sample.collection, creator=sample.owner)
    elsewhere = Collection.objects.create(team=second_owner.personal_team, name="Own", creator=second_owner)
    theirs = create_link(collection=elsewhere, creator=second_owner)
    as_owner.post(address_of(second_owner, sample.team))
    assert set(PublicLink.objects.all()) == {mine, theirs}


def test_names_of_grants_of_other_people_in_the_form_change_nothing(
    sample: SampleTeam, as_owner: Client, second_owner: User
) -> None:
    mine = create_link(collection=sample.collection, creator=sample.owner)
    form = {"listed": [f"link-{mine.pk}", "link-x", "share-999999999999999999999", ""], "revoke": [f"link-{mine.pk}"]}
    assert as_owner.post(address_of(second_owner, sample.team), form).status_code == 302
    assert PublicLink.objects.get() == mine


def test_someone_who_leaves_passes_what_they_keep_to_another_owner(sample: SampleTeam, second_owner: User) -> None:
    client, address = sign_in_client(second_owner), f"/teams/{sample.team.pk}/leave/"
    page = client.get(address).content.decode()
    assert "owner@example.com" in page
    client.post(address, {"listed": list(read_listed(page))})
    assert PublicLink.objects.get().creator == sample.owner
    assert not Membership.objects.filter(user=second_owner, team=sample.team).exists()


def test_former_member_can_do_nothing_to_a_search_that_passed_to_the_team(
    sample: SampleTeam, as_owner: Client, second_owner: User
) -> None:
    former, search = sign_in_client(second_owner), SavedSearch.objects.get()
    as_owner.post(address_of(second_owner, sample.team), {"listed": [f"search-{search.pk}"]})
    for action, form in (("rename", {"name": "Taken over"}), ("share", {"team": 1}), ("unshare", {}), ("delete", {})):
        assert former.post(f"/searches/{search.pk}/{action}/", form).status_code == 404
    assert former.get(f"/searches/{search.pk}/").status_code == 404
    assert as_owner.post(f"/searches/{search.pk}/rename/", {"name": "Ours"}).status_code == 302


def test_members_keep_their_visits_of_a_search_that_passes_to_the_team(
    sample: SampleTeam, as_owner: Client, second_owner: User
) -> None:
    search = SavedSearch.objects.get()
    SearchVisit.objects.create(search=search, viewer=sample.viewer, visited_at=timezone.now())
    as_owner.post(address_of(second_owner, sample.team), {"listed": [f"search-{search.pk}"]})
    assert SearchVisit.objects.filter(search=search, viewer=sample.viewer).exists()


def test_page_lists_what_the_person_still_sees_through_other_teams(sample: SampleTeam, as_owner: Client) -> None:
    readers = Team.objects.create(name="Readers")
    Membership.objects.create(team=readers, user=sample.viewer, role=Role.VIEWER)
    Share.objects.create(collection=sample.collection, team=readers, role="viewer", sharer=sample.owner)
    page = as_owner.get(address_of(sample.viewer, sample.team)).content.decode()
    assert "Still visible through other teams" in page
    assert "“Garden”, shared with the team “Readers”" in " ".join(page.split())


def test_last_owner_must_name_another_one(sample: SampleTeam, as_owner: Client) -> None:
    answer = as_owner.get(f"/teams/{sample.team.pk}/leave/", follow=True)
    assert "A team needs an owner." in answer.content.decode()


def test_lowered_owner_keeps_no_power_over_grants_and_the_owner_is_asked(
    sample: SampleTeam, as_owner: Client, second_owner: User
) -> None:
    address = address_of(second_owner, sample.team, "role")
    answer = as_owner.post(address, {"role": "viewer"})
    assert answer.headers["Location"] == address_of(second_owner, sample.team, "grants")
    page = as_owner.get(answer.headers["Location"]).content.decode()
    assert {each.split("-")[0] for each in read_ticked(page)} == {"link", "share", "invitation"}

    kept = f"link-{PublicLink.objects.get().pk}"
    listed = read_listed(page)
    as_owner.post(answer.headers["Location"], {"listed": list(listed), "revoke": list(listed - {kept})})
    assert PublicLink.objects.get().creator == sample.owner
    assert not Share.objects.exists()
    assert not Invitation.objects.exists()
    assert SavedSearch.objects.get().team == sample.team  # every member may share searches


def test_team_page_links_owners_to_what_members_shared(
    sample: SampleTeam, as_owner: Client, as_viewer: Client, second_owner: User
) -> None:
    address = address_of(second_owner, sample.team, "grants")
    assert address in as_owner.get(f"/teams/{sample.team.pk}/").content.decode()
    assert address not in as_viewer.get(f"/teams/{sample.team.pk}/").content.decode()


def test_links_of_a_closed_account_do_not_work_until_it_is_opened(sample: SampleTeam, second_owner: User) -> None:
    of_team = PublicLink.objects.get()
    own = Collection.objects.create(team=second_owner.personal_team, name="Own", creator=second_owner)
    links = [of_team, create_link(collection=own, creator=second_owner)]
    for is_open, status in ((False, 404), (True, 200)):
        User.objects.filter(pk=second_owner.pk).update(is_active=is_open)
        assert [Client().get(f"/s/{link.secret}/").status_code for link in links] == [status] * 2


def test_invitations_of_a_closed_account_are_void(sample: SampleTeam, second_owner: User) -> None:
    _, secret = invite(email="other@example.com", role="owner", inviter=second_owner, team=sample.team)
    User.objects.filter(pk=second_owner.pk).update(is_active=False)
    assert Client().get(f"/invitations/{secret}/").status_code == 404


def test_deleting_an_account_revokes_what_it_shared(sample: SampleTeam, second_owner: User) -> None:
    second_owner.delete()
    assert [model.objects.count() for model in (PublicLink, Share, Invitation)] == [0, 0, 0]


def test_member_gets_no_personal_share(sample: SampleTeam, as_owner: Client) -> None:
    address = f"/collections/{sample.collection.pk}/sharing/person/"
    page = as_owner.post(address, {"email": "viewer@example.com", "role": "editor"})
    assert page.status_code == 400
    assert "is in the team and can see this collection already" in page.content.decode()
    _, secret = invite(email="viewer@example.com", role="editor", inviter=sample.owner, collection=sample.collection)
    answer = sign_in_client(sample.viewer).post(f"/invitations/{secret}/")
    assert answer.status_code == 404
    assert "You are in the team already." in answer.content.decode()
    assert not Share.objects.exists()


def test_joining_a_team_ends_earlier_shares_of_it_and_the_page_says_so(sample: SampleTeam, as_outsider: Client) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="editor")
    _, open_one = invite(
        email="outsider@example.com", role="editor", inviter=sample.owner, collection=sample.collection
    )
    _, secret = invite(email="outsider@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    assert "That share ends" in as_outsider.get(f"/invitations/{secret}/").content.decode()
    as_outsider.post(f"/invitations/{secret}/")
    assert not Share.objects.exists()
    assert as_outsider.get(f"/invitations/{open_one}/").status_code == 404
    assert as_outsider.get(f"/images/{sample.image.pk}/").status_code == 200
    assert as_outsider.get(f"/images/{sample.image.pk}/edit/").status_code == 403


def test_collection_that_comes_to_another_team_loses_shares_with_its_members(sample: SampleTeam) -> None:
    own = Collection.objects.create(team=sample.outsider.personal_team, name="Own", creator=sample.outsider)
    for whom in ({"user": sample.viewer}, {"team": sample.team}):
        Share.objects.create(collection=own, role="editor", **whom)
    own.team = sample.team
    own.save()
    assert not Share.objects.exists()


def test_account_page_does_not_count_pictures_of_a_team_that_one_left(sample: SampleTeam, as_viewer: Client) -> None:
    Image.objects.update(uploader=sample.viewer)
    assert "1 picture (" in as_viewer.get("/account/").content.decode()
    as_viewer.post(f"/teams/{sample.team.pk}/leave/")
    assert "0 pictures (" in as_viewer.get("/account/").content.decode()


def test_undo_of_a_former_member_restores_nothing(sample: SampleTeam, as_owner: Client) -> None:
    Membership.objects.filter(user=sample.viewer).update(role=Role.EDITOR)
    client = sign_in_client(sample.viewer)
    client.post("/pictures/trash/", {"image": sample.image.pk})
    as_owner.post(address_of(sample.viewer, sample.team))
    client.post("/pictures/undo/")
    assert Image.objects.trashed().filter(pk=sample.image.pk).exists()
