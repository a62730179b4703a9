"""The migration that deletes needless shares and transfers searches: nobody gains or loses a right."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from collections_app.models import Membership, Role, SavedSearch, SearchVisit, Share, Team
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db


def migrate_removals() -> None:
    migration: Any = import_module("collections_app.migrations.0014_removals")
    migration.delete_needless_shares(apps, None)
    migration.transfer_searches_of_former_members(apps, None)


def edit_status(client: Client, sample: SampleTeam) -> int:
    return client.get(f"/images/{sample.image.pk}/edit/").status_code


@pytest.mark.parametrize(
    ("role", "share_role", "is_kept"),
    [
        (Role.OWNER, "editor", False),
        (Role.EDITOR, "editor", False),
        (Role.EDITOR, "viewer", False),
        (Role.VIEWER, "viewer", False),
        (Role.VIEWER, "editor", True),
    ],
)
def test_share_of_a_member_is_deleted_unless_it_gives_more_than_the_role(
    sample: SampleTeam, role: str, share_role: str, is_kept: bool
) -> None:
    Membership.objects.filter(user=sample.viewer, team=sample.team).update(role=role)
    Share.objects.create(collection=sample.collection, user=sample.viewer, role=share_role)
    guest = Share.objects.create(collection=sample.collection, user=sample.outsider, role=share_role)
    client = sign_in_client(sample.viewer)
    before = edit_status(client, sample)

    migrate_removals()

    assert edit_status(client, sample) == before
    assert Share.objects.filter(user=sample.viewer).exists() is is_kept
    assert Share.objects.filter(pk=guest.pk).exists()


def test_shared_search_of_a_former_member_passes_to_an_owner(sample: SampleTeam) -> None:
    search = SavedSearch.objects.create(maker=sample.outsider, name="Roses", query="q=rose", team=sample.team)
    kept = SavedSearch.objects.create(maker=sample.viewer, name="Blue", query="q=blue", team=sample.team)
    for viewer in (sample.outsider, sample.viewer):
        SearchVisit.objects.create(search=search, viewer=viewer)

    migrate_removals()

    search.refresh_from_db()
    assert (search.maker, search.team) == (sample.owner, sample.team)
    copy = SavedSearch.objects.get(maker=sample.outsider)
    assert (copy.name, copy.query, copy.team) == ("Roses", "q=rose", None)
    assert SearchVisit.objects.get(viewer=sample.outsider).search == copy
    assert SearchVisit.objects.get(viewer=sample.viewer).search == search
    kept.refresh_from_db()
    assert kept.maker == sample.viewer


def test_search_shared_with_a_team_without_owner_stays_with_its_maker(sample: SampleTeam) -> None:
    search = SavedSearch.objects.create(
        maker=sample.outsider, name="Roses", query="q=rose", team=Team.objects.create(name="Empty")
    )
    migrate_removals()
    search.refresh_from_db()
    assert (search.maker, search.team) == (sample.outsider, None)
