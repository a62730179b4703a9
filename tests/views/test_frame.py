"""The frame of each page: what the sidebar leads to, and the storage used."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from collections_app.models import Team, User
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, put_picture, sign_in_client

ENTRIES = ("/", "/search/", "/collections/", "/shared/", "/trash/", "/teams/", "/account/")


@pytest.fixture
def as_person(db: None) -> Client:
    """Somebody with a picture in their own team."""
    user = User.objects.create_user("anna@example.com", "a long password")
    put_picture(create_collection(team=user.personal_team, name="Roses", creator=user), user, "rose.png")
    return sign_in_client(user)


@pytest.mark.parametrize("address", ENTRIES)
def test_sidebar_leads_to_every_page_and_marks_the_one_shown(address: str, as_owner: Client) -> None:
    page = as_owner.get(address).content.decode()
    sidebar = page[page.index('id="sidebar"') : page.index('class="storage"')]
    assert [entry for entry in ENTRIES if f'href="{entry}"' not in sidebar] == []
    assert sidebar.count("aria-current") == 1
    assert f'href="{address}" aria-current="page"' in sidebar


def test_a_page_of_a_collection_is_below_the_collections(as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.get(f"/collections/{sample.collection.pk}/").content.decode()
    assert 'aria-current="page"' not in page
    assert re.search(r'href="/collections/"\s+aria-current="true"', page)
    assert "aria-current=" not in re.sub(r'<a href="/collections/".*?>|<form.*?</form>', "", page, flags=re.DOTALL)


def test_sidebar_shows_the_storage_of_the_persons_own_team(as_person: Client) -> None:
    used = Team.objects.get().collections.get().images.get().byte_size
    assert f"{used}\N{NO-BREAK SPACE}bytes used" in as_person.get("/trash/").content.decode()


def test_storage_is_a_bar_where_there_is_a_limit(as_person: Client, settings: Settings) -> None:
    settings.TEAM_MAX_GB = 2
    page = as_person.get("/trash/").content.decode()
    assert f'<progress max="{2 * 2**30}"' in page
    assert "of 2.0\N{NO-BREAK SPACE}GB used" in page


def test_pictures_of_other_teams_do_not_count(as_owner: Client, sample: SampleTeam) -> None:
    assert "0\N{NO-BREAK SPACE}bytes used" in as_owner.get("/trash/").content.decode()


def test_status_and_storage_take_one_statement(as_person: Client) -> None:
    with CaptureQueriesContext(connection) as statements:
        as_person.get("/shared/")
    of_frame = [
        each["sql"]
        for each in statements
        if each["sql"].startswith("SELECT EXISTS(SELECT 1") and "imagetotal" in each["sql"]
    ]
    assert len(of_frame) == 1
    assert "SUM" in of_frame[0]
    assert "max_bytes" in of_frame[0]
