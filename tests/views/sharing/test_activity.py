"""The activity of a team: what owners read, in pages and filtered, and what nobody else learns."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import AuditAction, AuditEvent, Membership, Role, User
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.public_links import create_link
from collections_app.services.sharing.teams import remove_member
from collections_app.views.paging import PAGE_SIZE
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db

_ROW = re.compile(r"<span>(.*?)</span>\s*<p class=\"muted\">")


def read_page(sample: SampleTeam, query: str = "", person: User | None = None) -> str:
    client = sign_in_client(person or sample.owner)
    return client.get(f"/teams/{sample.team.pk}/activity/{query}").content.decode()


def list_rows(page: str) -> list[str]:
    return _ROW.findall(page)


def record_many(sample: SampleTeam, count: int) -> list[int]:
    """Record events of a person; return their ids, the latest first."""
    team, target = sample.team, sample.collection
    action = AuditAction.LINK_CREATED
    events = [record_event(action=action, actor=sample.viewer, team=team, target=target) for _ in range(count)]
    return [event.pk for event in reversed(events)]


def follow(page: str, label: str) -> str | None:
    """Return the query of the link with this label."""
    found = re.search(rf'href="(\?[^"]*)">\s*{label}\s*</a>', page)
    return found[1].replace("&amp;", "&") if found else None


def test_owner_reads_who_did_what(sample: SampleTeam) -> None:
    create_link(collection=sample.collection, creator=sample.owner)
    page = read_page(sample)
    assert list_rows(page) == ["Public link to “Garden” created."]
    assert "owner@example.com" in page
    assert (
        f'href="/teams/{sample.team.pk}/activity/"'
        in sign_in_client(sample.owner).get(f"/teams/{sample.team.pk}/").content.decode()
    )


def test_nobody_but_owners_reads_it(sample: SampleTeam) -> None:
    create_link(collection=sample.collection, creator=sample.owner)
    address = f"/teams/{sample.team.pk}/activity/"
    Membership.objects.filter(user=sample.viewer).update(role=Role.EDITOR)
    assert sign_in_client(sample.viewer).get(address).status_code == 403
    assert sign_in_client(sample.outsider).get(address).status_code == 404
    team_page = sign_in_client(sample.viewer).get(f"/teams/{sample.team.pk}/").content.decode()
    assert "activity" not in team_page


def test_former_owner_no_longer_reads_it(sample: SampleTeam) -> None:
    Membership.objects.create(team=sample.team, user=sample.outsider, role=Role.OWNER)
    address = f"/teams/{sample.team.pk}/activity/"
    client = sign_in_client(sample.outsider)
    assert client.get(address).status_code == 200
    remove_member(membership=Membership.objects.get(user=sample.outsider, team=sample.team), remover=sample.owner)
    assert client.get(address).status_code == 404


def test_events_of_other_teams_are_not_listed(sample: SampleTeam) -> None:
    record_event(action=AuditAction.LINK_CREATED, actor=sample.owner, team=sample.owner.personal_team)
    record_event(action=AuditAction.INDEXING_PAUSED, actor=sample.owner)
    assert list_rows(read_page(sample)) == []
    assert "Nothing yet." in read_page(sample)


def test_pages_follow_each_other_without_gaps(sample: SampleTeam) -> None:
    ids = record_many(sample, 2 * PAGE_SIZE + 1)
    first = read_page(sample)
    assert follow(first, "Newer") is None
    second = read_page(sample, follow(first, "Older") or "")
    third = read_page(sample, follow(second, "Older") or "")
    assert [len(list_rows(page)) for page in (first, second, third)] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert follow(third, "Older") is None
    assert follow(third, "Newer") == f"?before_id={ids[-1]}"
    assert list_rows(read_page(sample, follow(third, "Newer") or "")) == list_rows(second)
    assert list_rows(read_page(sample, follow(second, "Newer") or "")) == list_rows(first)


@pytest.mark.parametrize("place", ["after_id=0", "after_id=1", "after_id=x", "before_id=-1", "after_id=9" + 30 * "9"])
def test_place_that_is_none_gives_the_first_page(sample: SampleTeam, place: str) -> None:
    record_many(sample, 2)
    assert len(list_rows(read_page(sample, f"?{place}"))) == 2


def test_filters_by_action_and_person_combine_and_stay_on_the_next_page(sample: SampleTeam) -> None:
    record_many(sample, PAGE_SIZE + 1)
    record_event(action=AuditAction.MEMBER_LEFT, actor=sample.viewer, team=sample.team, person=sample.viewer)
    create_link(collection=sample.collection, creator=sample.owner)
    assert len(list_rows(read_page(sample, f"?person={sample.owner.pk}"))) == 1
    assert list_rows(read_page(sample, "?action=member_left")) == ["viewer@example.com left the team."]
    assert list_rows(read_page(sample, f"?action=member_left&person={sample.owner.pk}")) == []
    page = read_page(sample, f"?action=link_created&person={sample.viewer.pk}")
    older = follow(page, "Older") or ""
    assert "action=link_created" in older
    assert len(list_rows(read_page(sample, older))) == 1


@pytest.mark.parametrize("query", ["?action=nothing", "?person=x", "?action=indexing_paused"])
def test_filter_that_cannot_be_understood_shows_nothing_and_says_so(sample: SampleTeam, query: str) -> None:
    record_many(sample, 1)
    answer = sign_in_client(sample.owner).get(f"/teams/{sample.team.pk}/activity/{query}")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert list_rows(page) == []
    assert "errorlist" in page


def test_former_member_can_be_filtered_by(sample: SampleTeam) -> None:
    record_many(sample, 1)
    User.objects.filter(pk=sample.viewer.pk).update(display_name="Vera")
    remove_member(membership=Membership.objects.get(user=sample.viewer, team=sample.team), remover=sample.owner)
    page = read_page(sample, f"?person={sample.viewer.pk}")
    assert list_rows(page) == ["Public link to “Garden” created."]
    assert ">Vera</option>" in page


def test_filter_tells_nothing_about_other_accounts(sample: SampleTeam) -> None:
    page = read_page(sample, f"?person={sample.outsider.pk}")
    assert "outsider@example.com" not in page
    assert list_rows(page) == []
    same = read_page(sample, "?person=999999")
    assert page.replace(str(sample.outsider.pk), "") == same.replace("999999", "") or "Somebody else" in same


def test_names_are_escaped(sample: SampleTeam) -> None:
    sample.collection.name = "<b>Garden</b>"
    sample.collection.save()
    create_link(collection=sample.collection, creator=sample.owner)
    page = read_page(sample)
    assert "<b>Garden" not in page
    assert "&lt;b&gt;Garden" in page


def test_page_is_in_the_language_of_the_reader(sample: SampleTeam) -> None:
    create_link(collection=sample.collection, creator=sample.owner)
    answer = sign_in_client(sample.owner).get(f"/teams/{sample.team.pk}/activity/", headers={"Accept-Language": "ru"})
    assert "Garden» создана" in answer.content.decode()


def test_number_of_statements_does_not_depend_on_the_events(sample: SampleTeam) -> None:
    def count_statements() -> int:
        client = sign_in_client(sample.owner)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/teams/{sample.team.pk}/activity/")
        return len(queries)

    record_many(sample, 1)
    few = count_statements()
    for number in range(PAGE_SIZE):
        person = User.objects.create_user(f"person{number}@example.com")
        record_event(action=AuditAction.MEMBER_LEFT, actor=person, team=sample.team, person=person)
    assert AuditEvent.objects.count() > PAGE_SIZE
    assert count_statements() == few
