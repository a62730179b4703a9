"""Guest links: what a guest may do and learns, and the pictures that wait for approval."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.storage import Storage, default_storage
from django.test import Client
from django.test.utils import override_script_prefix
from django.utils import timezone
from pytest_django import Settings

from collections_app.models import (
    Collection,
    GuestLink,
    GuestUpload,
    Image,
    ImageTotal,
    IndexJob,
    Membership,
    PendingFile,
    Role,
)
from collections_app.services.sharing.guest_links import GuestLinkTerms, create_guest_link, revoke_guest_link
from collections_app.services.uploads.orphans import delete_orphaned_files
from tests.sample_team import SampleTeam, picture_file, sign_in_client

JSON = {"Accept": "application/json"}


@pytest.fixture
def make_link(sample: SampleTeam) -> Callable[..., GuestLink]:
    def make(**terms: Any) -> GuestLink:
        complete = GuestLinkTerms(**{"max_files": 9, "max_bytes": 2**20, **terms})
        return create_guest_link(collection=sample.collection, creator=sample.owner, terms=complete)

    return make


def send(link: GuestLink, client: Client, colour: str = "lime", **fields: object) -> Any:
    address = f"/g/{link.secret}/"
    return client.post(address, {"files": picture_file("guest.png", colour), **fields}, headers=JSON)


def test_guest_sees_the_name_of_the_collection_and_nothing_else(
    make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    page = client.get(f"/g/{make_link(label='private label').secret}/").content.decode()
    assert "Garden" in page
    for hidden in ("rose.png", "owner@example.com", "Gardeners", "private label", "/images/", "/collections/"):
        assert hidden not in page


def test_picture_of_a_guest_is_no_image_until_it_is_approved(
    make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    jobs = IndexJob.objects.count()
    answer = send(make_link(), client, guest_name="Aunt, Mary")
    assert (answer.status_code, answer.json()["sentence"]) == (201, "Sent. It is waiting for approval.")
    assert Image.objects.get() == sample.image
    assert ImageTotal.objects.filter(collection=sample.collection).sum_images() == 1
    assert IndexJob.objects.count() == jobs
    waiting = GuestUpload.objects.get()
    owner = sign_in_client(sample.owner)
    assert "1 picture from a guest is waiting" in owner.get(f"/collections/{sample.collection.pk}/").content.decode()
    viewer = sign_in_client(sample.viewer)
    assert "of a guest" not in viewer.get(f"/collections/{sample.collection.pk}/").content.decode()
    owner.post(f"/collections/{sample.collection.pk}/guests/waiting/", {"waiting": waiting.pk, "action": "approve"})
    added = Image.objects.latest_first()[0]
    assert (added.original_name, added.uploader, added.tags) == ("guest.png", sample.owner, ["Aunt Mary"])
    assert not GuestUpload.objects.exists()
    assert not default_storage.exists(waiting.file_name)
    assert default_storage.exists(added.file_name)


def test_rejecting_a_picture_deletes_it(
    make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    send(make_link(), client)
    waiting = GuestUpload.objects.get()
    form = {"waiting": waiting.pk, "action": "reject"}
    sign_in_client(sample.owner).post(f"/collections/{sample.collection.pk}/guests/waiting/", form)
    assert not GuestUpload.objects.exists()
    assert not default_storage.exists(waiting.file_name)
    assert Image.objects.count() == 1


def test_waiting_picture_of_another_collection_is_not_touched(
    make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    send(make_link(), client)
    other = Collection.objects.create(team=sample.team, name="Other")
    form = {"waiting": GuestUpload.objects.get().pk, "action": "reject"}
    sign_in_client(sample.owner).post(f"/collections/{other.pk}/guests/waiting/", form)
    assert GuestUpload.objects.exists()


def test_without_approval_the_picture_is_added_at_once(
    make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    link = make_link(needs_approval=False)
    assert send(link, client).json()["sentence"] == "Added"
    assert Image.objects.count() == 2
    known = send(link, client, "red")  # the same bytes as the picture that the team has
    assert (known.status_code, known.json()) == (201, {"created": True, "sentence": "Added"})
    assert Image.objects.count() == 2


def test_plain_form_works(make_link: Callable[..., GuestLink], client: Client) -> None:
    form = {"files": [picture_file("a.png", "lime"), io.BytesIO(b"no picture")], "guest_name": "Anna"}
    answer = client.post(f"/g/{make_link().secret}/", form)
    assert answer.status_code == 200
    assert "1 sent, 1 failed" in answer.content.decode()
    assert GuestUpload.objects.get().guest_name == "Anna"


def test_limits_are_kept(make_link: Callable[..., GuestLink], client: Client) -> None:
    link = make_link(max_files=1)
    assert send(link, client).status_code == 201
    assert send(link, client, "navy").status_code == 403
    assert client.get(f"/g/{link.secret}/").status_code == 403
    small = make_link(max_bytes=10)
    assert send(small, client).status_code == 403
    small.refresh_from_db()
    assert (small.file_count, small.byte_count) == (0, 0)


def test_broken_picture_is_refused_and_not_counted(make_link: Callable[..., GuestLink], client: Client) -> None:
    link = make_link()
    answer = client.post(f"/g/{link.secret}/", {"files": io.BytesIO(b"no picture")}, headers=JSON)
    assert answer.status_code == 400
    link.refresh_from_db()
    assert (link.file_count, link.byte_count, GuestUpload.objects.count()) == (0, 0, 0)


def test_quota_counts_waiting_pictures_and_does_not_name_the_team(
    make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    sample.team.max_images = 2
    sample.team.save()
    link = make_link()
    assert send(link, client).status_code == 201
    answer = send(link, client, "navy")
    assert answer.status_code == 507
    assert "Gardeners" not in answer.content.decode()


def revoke(link: GuestLink) -> None:
    assert link.creator
    revoke_guest_link(link=link, revoker=link.creator)


def expire(link: GuestLink) -> None:
    GuestLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def trash(link: GuestLink) -> None:
    Collection.objects.update(trashed_at=timezone.now())


def demote(link: GuestLink) -> None:
    Membership.objects.filter(user=link.creator, team=link.collection.team).update(role=Role.EDITOR)


@pytest.mark.parametrize(("close", "status"), [(revoke, 410), (expire, 410), (trash, 404), (demote, 404)])
def test_closed_link_takes_nothing(
    close: Callable[[GuestLink], None], status: int, make_link: Callable[..., GuestLink], client: Client
) -> None:
    link = make_link()
    close(link)
    assert client.get(f"/g/{link.secret}/").status_code == status
    assert send(link, client).status_code == status
    assert not GuestUpload.objects.exists()


def test_uploads_are_limited_per_minute(
    make_link: Callable[..., GuestLink], client: Client, settings: Settings
) -> None:
    caches["counters"].clear()
    settings.GUEST_UPLOADS_PER_MINUTE = 1
    link = make_link()
    assert [send(link, client, colour).status_code for colour in ("lime", "navy")] == [201, 429]


def test_maintenance_keeps_waiting_files_and_deletes_those_of_deleted_links(
    make_link: Callable[..., GuestLink], client: Client
) -> None:
    send(make_link(), client)
    name = GuestUpload.objects.get().file_name
    PendingFile.objects.update(created_at=timezone.now() - timedelta(days=2))
    delete_orphaned_files()
    assert default_storage.exists(name)
    GuestLink.objects.all().delete()
    delete_orphaned_files()
    assert not default_storage.exists(name)


def test_owner_makes_and_revokes_a_link(sample: SampleTeam) -> None:
    owner, address = sign_in_client(sample.owner), f"/collections/{sample.collection.pk}/guests/"
    owner.post(address, {"max_files": 5, "max_mb": 10, "days": 7, "label": "Party", "needs_approval": "on"})
    link = GuestLink.objects.get()
    assert (link.max_bytes, link.needs_approval, link.expires_at is not None) == (10 * 2**20, True, True)
    assert f"/g/{link.secret}/" in owner.get(address).content.decode()
    owner.post(f"{address}{link.pk}/revoke/")
    assert f"/g/{link.secret}/" not in owner.get(address).content.decode()


def test_guest_gets_an_upload_pass_that_signing_out_keeps(make_link: Callable[..., GuestLink], client: Client) -> None:
    address = f"/g/{make_link().secret}/"
    assert "upload_pass" in client.get(address).cookies
    assert client.get(address).cookies["upload_pass"].value


@pytest.mark.parametrize("close", [revoke, expire, trash, demote])
@pytest.mark.parametrize("needs_approval", [True, False])
def test_link_that_is_closed_during_an_upload_takes_no_further_file(
    needs_approval: bool,
    close: Callable[[GuestLink], None],
    make_link: Callable[..., GuestLink],
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The request has two files; the link is closed while the first one is stored."""
    link, save = make_link(needs_approval=needs_approval), Storage.save
    images = Image.objects.count()

    def save_and_close(*arguments: Any) -> str:
        stored = save(*arguments)
        close(link)
        return stored

    monkeypatch.setattr(Storage, "save", save_and_close)
    files = [picture_file("one.png", "lime"), picture_file("two.png", "navy")]
    page = client.post(f"/g/{link.secret}/", {"files": files}).content.decode()
    assert "This link no longer works." in page
    assert GuestUpload.objects.count() + Image.objects.count() - images <= 1


@pytest.mark.parametrize("waiting", ["9" * 5000, str(2**63), "-1", "x"])
def test_odd_numbers_of_waiting_pictures_are_ignored(
    waiting: str, make_link: Callable[..., GuestLink], client: Client, sample: SampleTeam
) -> None:
    send(make_link(), client)
    address = f"/collections/{sample.collection.pk}/guests/waiting/"
    for action in ("approve", "reject"):
        answer = sign_in_client(sample.owner).post(address, {"waiting": waiting, "action": action})
        assert answer.status_code == 302
    assert GuestUpload.objects.exists()


def test_page_of_links_says_that_one_of_a_former_owner_does_not_work(
    make_link: Callable[..., GuestLink], sample: SampleTeam
) -> None:
    link, sentence = make_link(), "the person who made it no longer owns the team"
    address = f"/collections/{sample.collection.pk}/guests/"
    Membership.objects.create(team=sample.team, user=sample.outsider, role=Role.OWNER)
    owner = sign_in_client(sample.outsider)
    assert sentence not in owner.get(address).content.decode()
    demote(link)
    assert sentence in owner.get(address).content.decode()


def test_address_of_a_link_is_below_the_path_of_the_site(
    make_link: Callable[..., GuestLink], sample: SampleTeam
) -> None:
    link, owner = make_link(), sign_in_client(sample.owner)
    with override_script_prefix("/photos/"):
        page = owner.get(f"/collections/{sample.collection.pk}/guests/").content.decode()
    assert f"http://testserver/photos/g/{link.secret}/" in page
