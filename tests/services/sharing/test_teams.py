"""Teams: one owner always remains, and a personal team cannot be changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from collections_app.errors import LastOwnerRequired, PersonalTeamProtected
from collections_app.models import Image, Membership, Role, Team
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.sharing.teams import change_role, create_team, delete_team, remove_member, rename_team
from tests.sample_team import SampleTeam
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


def membership(sample: SampleTeam, role: Role) -> Membership:
    return Membership.objects.select_related("team").get(team=sample.team, role=role)


def test_creator_of_a_team_owns_it(sample: SampleTeam) -> None:
    team = create_team(name="Readers", owner=sample.outsider)

    assert list(Team.objects.owned_by(sample.outsider).non_personal()) == [team]


def test_last_owner_cannot_step_down_or_leave(sample: SampleTeam) -> None:
    with pytest.raises(LastOwnerRequired):
        change_role(membership=membership(sample, Role.OWNER), role=Role.EDITOR)
    with pytest.raises(LastOwnerRequired):
        remove_member(membership=membership(sample, Role.OWNER))


def test_one_owner_remains_when_two_step_down_at_once(sample: SampleTeam) -> None:
    change_role(membership=membership(sample, Role.VIEWER), role=Role.OWNER)
    owners = list(Membership.objects.select_related("team").filter(team=sample.team))

    def step_down(each: Membership) -> bool:
        try:
            change_role(membership=each, role=Role.VIEWER)
        except LastOwnerRequired:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(step_down, owners)) == [False, True]
    assert Membership.objects.filter(team=sample.team, role=Role.OWNER).count() == 1


def test_personal_team_cannot_be_renamed_deleted_or_left(sample: SampleTeam) -> None:
    team = sample.outsider.personal_team
    with pytest.raises(PersonalTeamProtected):
        rename_team(team=team, name="Mine", renamer=sample.owner)
    with pytest.raises(PersonalTeamProtected):
        delete_team(team=team)
    with pytest.raises(PersonalTeamProtected):
        remove_member(membership=team.memberships.get())


def test_deleting_a_team_deletes_pictures_vectors_and_files(sample: SampleTeam) -> None:
    IndexWorker().drain()
    delete_team(team=sample.team)
    IndexWorker().drain()

    assert not Image.objects.exists()
    assert_index_agrees()
    assert not sample.image.file.storage.exists(sample.image.file_name)
