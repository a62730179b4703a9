"""Limits of what one account, team or collection may have, and of how often one may act."""

import time
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from collections_app.models import Collection, Invitation, PublicLink, SavedSearch, Share, Team
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.sharing.public_links import create_link
from tests.clock import pass_time
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_counters(settings: Settings) -> Iterator[None]:
    clear_caches(settings)
    yield
    clear_caches(settings)


def clear_caches(settings: Settings) -> None:
    for name in settings.CACHES:
        caches[name].clear()


@pytest.fixture
def as_owner(sample: SampleTeam) -> Client:
    return sign_in_client(sample.owner)


def invite(client: Client, sample: SampleTeam, number: int) -> int:
    form = {"email": f"new-{number}@example.com", "role": "viewer"}
    return client.post(f"/teams/{sample.team.pk}/invite/", form).status_code


def test_account_sends_thirty_invitations_within_an_hour(sample: SampleTeam, as_owner: Client) -> None:
    statuses = [invite(as_owner, sample, number) for number in range(35)]
    assert statuses == [200] * 30 + [429] * 5
    assert Invitation.objects.count() == 30


def test_invitations_to_teams_and_collections_count_together(
    sample: SampleTeam, as_owner: Client, settings: Settings
) -> None:
    settings.INVITATIONS_PER_HOUR = 2
    assert [invite(as_owner, sample, number) for number in range(2)] == [200, 200]
    address = f"/collections/{sample.collection.pk}/sharing/person/"
    answer = as_owner.post(address, {"email": "third@example.com", "role": "viewer"})
    assert answer.status_code == 429
    assert "You sent 2 invitations within an hour" in answer.content.decode()


def test_inviting_the_same_address_again_counts(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.INVITATIONS_PER_HOUR = 3
    assert [invite(as_owner, sample, 1) for _ in range(4)] == [200, 200, 200, 429]


def test_limit_of_invitations_holds_over_the_end_of_an_hour(
    sample: SampleTeam, as_owner: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INVITATIONS_PER_HOUR = 1
    left_s = 3600 - time.time() % 3600
    pass_time(monkeypatch, left_s - 60)
    assert invite(as_owner, sample, 1) == 200
    pass_time(monkeypatch, left_s + 60)
    assert invite(as_owner, sample, 2) == 429
    pass_time(monkeypatch, left_s + 3600)
    assert invite(as_owner, sample, 2) == 200


def test_team_has_a_limit_of_open_invitations(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.OPEN_INVITATIONS_PER_TEAM = 2
    assert [invite(as_owner, sample, number) for number in (1, 2, 3, 2)] == [200, 200, 400, 200]


def test_zero_means_no_limit(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.INVITATIONS_PER_HOUR = settings.OPEN_INVITATIONS_PER_TEAM = 0
    assert {invite(as_owner, sample, number) for number in range(35)} == {200}


def test_account_owns_fifty_teams(sample: SampleTeam, as_owner: Client) -> None:
    answers = [as_owner.post("/teams/", {"name": f"Team {number}"}) for number in range(52)]
    assert [answer.status_code for answer in answers] == [302] * 49 + [400] * 3  # the sample's team is one
    assert "You own 50 teams, which is the limit." in answers[-1].content.decode()
    assert Team.objects.non_personal().count() == 50


def test_team_has_a_limit_of_collections(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.COLLECTIONS_PER_TEAM = 2
    form = {"team": sample.team.pk}
    answers = [as_owner.post("/collections/new/", {**form, "name": f"Place {number}"}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [302, 400, 400]
    assert "has 2 collections, trash included, which is the limit" in answers[-1].content.decode()
    assert Collection.objects.filter(team=sample.team).count() == 2


def test_upload_says_that_the_team_has_too_many_collections(
    sample: SampleTeam, as_owner: Client, settings: Settings
) -> None:
    settings.COLLECTIONS_PER_TEAM = 1
    as_owner.post("/collections/new/", {"name": "Own"})
    form = {"new_name": "Another"}
    assert "which is the limit" in as_owner.post("/upload/", form).content.decode()
    answer = as_owner.post("/upload/", form, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_collections")


def test_collection_has_a_limit_of_links(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.PUBLIC_LINKS_PER_COLLECTION = 2
    address = f"/collections/{sample.collection.pk}/links/new/"
    assert [as_owner.post(address, {}).status_code for _ in range(3)] == [302, 302, 400]
    assert PublicLink.objects.count() == 2


def test_collection_has_a_limit_of_shares(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.SHARES_PER_COLLECTION = 1
    address = f"/collections/{sample.collection.pk}/sharing/team/"
    teams = [Team.objects.create(name=name) for name in ("Readers", "Writers")]
    for team in teams:
        team.memberships.create(user=sample.owner, role="viewer")
    answers = [as_owner.post(address, {"team": team.pk, "role": "viewer"}) for team in (*teams, teams[0])]
    assert [answer.status_code for answer in answers] == [302, 400, 302]
    assert Share.objects.count() == 1


def test_account_has_a_limit_of_saved_searches(sample: SampleTeam, as_owner: Client, settings: Settings) -> None:
    settings.SAVED_SEARCHES_PER_ACCOUNT = 1
    answers = [as_owner.post("/searches/save/", {"name": name, "query": "q=a"}) for name in ("One", "Two")]
    assert [answer.status_code for answer in answers] == [302, 400]
    assert "You have 1 saved searches, which is the limit." in answers[1].content.decode()
    assert SavedSearch.objects.count() == 1


@pytest.mark.parametrize("password", ["x", "tulip", "1234567", "password", "12345678901"])
def test_link_password_follows_the_rules_for_passwords(sample: SampleTeam, as_owner: Client, password: str) -> None:
    answer = as_owner.post(f"/collections/{sample.collection.pk}/links/new/", {"password": password})
    assert answer.status_code == 400
    assert not PublicLink.objects.exists()


def test_earlier_links_with_short_passwords_still_open(sample: SampleTeam, client: Client) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, password="x")
    assert client.post(f"/s/{link.secret}/password/", {"password": "x"}).status_code == 302


@pytest.fixture
def link(sample: SampleTeam) -> PublicLink:
    IndexWorker().drain()
    return create_link(collection=sample.collection, creator=sample.owner, allows_download=True)


def search(client: Client, link: PublicLink, address: str = "192.0.2.1") -> int:
    return client.get(f"/s/{link.secret}/search/?q=red", REMOTE_ADDR=address).status_code


def test_visitor_makes_sixty_searches_of_a_link_in_a_minute(
    link: PublicLink, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    statuses = [search(client, link) for _ in range(62)]
    assert statuses == [200] * 60 + [429] * 2
    assert search(client, link, "192.0.2.2") == 200
    assert client.get(f"/s/{link.secret}/").status_code == 200


def test_counting_searches_writes_nothing_to_the_database(link: PublicLink, client: Client) -> None:
    """Otherwise a visitor would wait while somebody else writes."""
    search(client, link)
    with CaptureQueriesContext(connection) as captured:
        assert search(client, link) == 200
    assert [each["sql"] for each in captured if not each["sql"].startswith("SELECT")] == []


def test_refused_search_says_when_to_try_again(link: PublicLink, client: Client, settings: Settings) -> None:
    settings.LINK_SEARCHES_PER_MINUTE = 1
    answers = [client.get(f"/s/{link.secret}/search/?q=red") for _ in range(3)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "60"
    page = answers[-1].content.decode()
    assert "Too many searches of this collection. Wait a minute, then try again." in page
    assert "temporarily unavailable" not in page


def test_all_visitors_of_a_link_together_have_a_limit(
    link: PublicLink, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    settings.LINK_SEARCHES_PER_MINUTE = 1
    statuses = [search(client, link, f"192.0.2.{number}") for number in range(12)]
    assert statuses == [200] * 10 + [429] * 2


def test_people_who_are_signed_in_have_no_limit(link: PublicLink, as_owner: Client, settings: Settings) -> None:
    settings.LINK_SEARCHES_PER_MINUTE = settings.LINK_DOWNLOADS_PER_MINUTE = 1
    assert {search(as_owner, link) for _ in range(4)} == {200}


def test_downloads_of_a_link_have_a_limit(
    sample: SampleTeam, link: PublicLink, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    settings.LINK_DOWNLOADS_PER_MINUTE = 2
    address = f"/s/{link.secret}/{sample.image.public_id}/download/"
    assert [client.get(address).status_code for _ in range(3)] == [200, 200, 429]
