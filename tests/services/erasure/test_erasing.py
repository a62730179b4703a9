"""Erasure: nothing is left of an account or a team, and the proof finds what was left by mistake."""

import builtins
import json
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.utils import timezone
from pytest_django import Settings

from collections_app.errors import LastOwnerRequired
from collections_app.models import (
    AccountDeletion,
    AuditEvent,
    BackupHold,
    Collection,
    ErasedFile,
    Erasure,
    Favourite,
    Image,
    IndexJob,
    IndexModel,
    Membership,
    OutgoingMail,
    PendingFile,
    Role,
    Team,
    TeamExport,
    User,
)
from collections_app.services.backup.manifest import iterate_backups
from collections_app.services.erasure.accounts import cancel_account_deletion, erase_due_accounts
from collections_app.services.erasure.erasing import (
    begin_account_erasure,
    begin_team_erasure,
    delete_erased_rows,
    finish_erasure,
)
from collections_app.services.exports.making import Exporter
from collections_app.services.exports.queue import request_export
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.maintenance import run_maintenance
from collections_app.services.sharing.guest_links import GuestLinkTerms, create_guest_link
from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.shares import share_with_team
from collections_app.services.sharing.teams import create_team, remove_member
from collections_app.services.uploads.archives import store_archive
from collections_app.services.uploads.guest_uploads import receive_guest_file
from tests.other_model import keep_rotated_model
from tests.sample_team import SampleTeam, picture_bytes, put_picture, sign_in_client
from tests.services.indexing.agreement import assert_index_agrees
from tests.views.test_archives import zipped

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def stored_files() -> set[str]:
    storage: Any = default_storage
    folders, files = storage.listdir("")
    return {*files, *(name for folder in folders for name, _size in storage.list_files(f"{folder}/"))}


def fill_account(sample: SampleTeam) -> User:
    """Give the viewer, whom another person has invited, something of everything."""
    person = sample.viewer
    own = create_collection(team=person.personal_team, name="Own", creator=person)
    put_picture(own, person, "own.png", colour="orange")
    trashed = put_picture(own, person, "trashed.png", colour="pink")
    Image.objects.filter(pk=trashed.pk).update(trashed_at=timezone.now())
    Membership.objects.filter(user=person).update(role=Role.OWNER)
    put_picture(sample.collection, person, "given.png", colour="lime")
    Favourite.objects.create(user=person, image=sample.image)
    invite(email=person.email, role="viewer", inviter=sample.outsider, team=make_team(sample.outsider))
    sign_in_client(person)
    OutgoingMail.objects.create(recipient=person.email, sender="a@example.com", subject="Hello")
    link = create_guest_link(collection=own, creator=person, terms=GuestLinkTerms(max_files=9, max_bytes=2**20))
    receive_guest_file(link=link, file=BytesIO(picture_bytes("navy")), name="guest.png")
    archive = zipped(lambda file: file.writestr("a.png", picture_bytes("gold")))
    store_archive(file=SimpleUploadedFile("a.zip", archive), name="a.zip", collection=own, uploader=person)
    request_export(team=person.personal_team, requester=person, address="https://example.com/")
    Exporter().export_next()
    LogEntry.objects.create(
        user=sample.owner,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=person.email,
        action_flag=CHANGE,
    )
    IndexWorker().drain()
    return person


def test_nothing_is_left_in_the_index_of_either_kept_model(sample: SampleTeam, tmp_path: Path) -> None:
    person = fill_account(sample)
    partition = person.personal_team.pk
    second = keep_rotated_model(tmp_path / "rotated")
    assert partition in second.index.list_team_ids()
    assert "Nothing is left." in run("erase_user", person.email, "--yes")
    assert partition not in second.index.list_team_ids()
    assert_index_agrees()


def test_vectors_of_a_dropped_model_are_found_and_deleted(sample: SampleTeam, tmp_path: Path) -> None:
    """Someone has interrupted `model drop`."""
    person = fill_account(sample)
    second = keep_rotated_model(tmp_path / "rotated")
    IndexModel.objects.filter(pk=second.row.pk).update(state="dropped")
    with pytest.raises(SystemExit):
        run("erase_user", person.email, "--yes")
    IndexModel.objects.dropped().update(changed_at=timezone.now() - timedelta(minutes=1))

    run_maintenance()

    assert not Erasure.objects.exists()
    assert second.index.count() == 0


def make_team(owner: User) -> Team:
    team = Team.objects.create(name="Others")
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def test_nothing_is_left_of_an_erased_account(sample: SampleTeam) -> None:
    IndexWorker().drain()
    before = stored_files()
    person = fill_account(sample)
    partition = person.personal_team.pk
    assert partition in get_active_model().index.list_team_ids()
    assert len({name.partition("/")[0] for name in stored_files() - before}) == 5
    output = run("erase_user", person.email, "--yes")
    assert "Nothing is left." in output
    assert "kept without their uploader: 1" in output
    assert not User.objects.filter(pk=person.pk).exists()
    given = Image.objects.get(original_name="given.png")
    assert given.uploader is None
    kept = {name for name in stored_files() - before if Path(name).stem.partition("-")[0] not in given.file_name}
    assert kept == set()
    assert before <= stored_files()
    assert partition not in get_active_model().index.list_team_ids()
    entry = next(each for each in get_active_model().index.iterate_entries() if each.id == given.pk)
    assert entry.uploader_id == 0
    assert not Session.objects.exists()
    assert not PendingFile.objects.exists()
    for table in (Erasure, IndexJob, TeamExport, OutgoingMail, LogEntry):
        assert not table._default_manager.exists()
    events = AuditEvent.objects.filter(Q(actor=person.pk) | Q(person=person.pk))
    assert events.exists()
    assert not events.filter(team=partition).exists()
    assert person.email not in json.dumps(list(AuditEvent.objects.values()), default=str)


def write_log(sample: SampleTeam, *, text: str = "Gardeners", message: str = "") -> int:
    kind = ContentType.objects.get_for_model(Team)
    entry = LogEntry(user=sample.owner, content_type=kind, object_id=str(sample.team.pk), object_repr=text)
    entry.action_flag, entry.change_message = CHANGE, message
    entry.save()
    return entry.pk


def write_log_of_member(sample: SampleTeam, address: str) -> int:
    """Write what Django writes after a member was added on the page of a team."""
    added = {"name": "membership", "object": f"{address} as editor of Gardeners"}
    return write_log(sample, message=json.dumps([{"added": added}]))


def test_administration_log_contains_no_address_of_an_erased_account(sample: SampleTeam) -> None:
    others = ["xviewer@example.com", "x.viewer@example.com", "o'viewer@example.com", "viewer@example.com.au"]
    kept = [*(write_log(sample, text=each) for each in others), *(write_log_of_member(sample, each) for each in others)]
    EmailAddress.objects.create(user=sample.viewer, email="viewer@büro.example")
    write_log(sample, text="Viewer@example.com")
    for address in ("viewer@example.com", "'viewer@example.com'", "viewer@büro.example"):
        write_log_of_member(sample, address)
    erasure = begin_account_erasure(user=sample.viewer)
    delete_erased_rows(erasure=erasure)
    assert list(LogEntry.objects.order_by("pk").values_list("pk", flat=True)) == kept

    late = write_log_of_member(sample, "viewer@example.com")
    IndexWorker().drain()
    assert [name for line in finish_erasure(erasure=erasure).lines for name in line.found] == ["the admin's log"]
    LogEntry.objects.filter(pk=late).delete()
    assert finish_erasure(erasure=erasure).is_clean


def test_backups_that_may_contain_an_erased_account_are_named(
    sample: SampleTeam, settings: Settings, tmp_path: Path
) -> None:
    IndexWorker().drain()
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.BACKUP_DIR.mkdir()
    run("backup")
    (backup,) = iterate_backups(settings.BACKUP_DIR)
    assert f"may still contain it: {backup.name}." in run("erase_user", sample.viewer.email, "--yes")


@pytest.fixture
def running_backup() -> BackupHold:
    return BackupHold.objects.create(until=timezone.now() + timedelta(minutes=1))


def test_erasure_keeps_files_while_a_backup_runs(sample: SampleTeam, running_backup: BackupHold) -> None:
    person = fill_account(sample)
    before = stored_files()
    with pytest.raises(CommandError, match=r"^A backup is running\. Run the command again when it has ended\.$"):
        run("erase_user", person.email, "--yes")
    assert not User.objects.filter(pk=person.pk).exists()
    assert stored_files() == before

    running_backup.delete()
    assert "Nothing is left." in run("erase_user", person.email)
    assert not PendingFile.objects.exists()


def test_maintenance_continues_an_erasure_after_the_backup(sample: SampleTeam, running_backup: BackupHold) -> None:
    person = fill_account(sample)
    AccountDeletion.objects.create(user=person, due_at=timezone.now())
    before = stored_files()
    for _round in range(2):
        run_maintenance()
        IndexWorker().drain()
    assert stored_files() == before

    running_backup.delete()
    run_maintenance()

    assert not Erasure.objects.exists()


def test_nothing_is_left_of_an_erased_team(sample: SampleTeam) -> None:
    other = create_collection(team=sample.outsider.personal_team, name="Other", creator=sample.outsider)
    put_picture(other, sample.outsider, "other.png", colour="teal")
    IndexWorker().drain()
    partition, files = sample.team.pk, stored_files()
    output = run("erase_team", "Gardeners", "--yes")
    assert "Nothing is left." in output
    assert "stored files, by listing" in output
    assert partition not in get_active_model().index.list_team_ids()
    assert get_active_model().index.count() == 1
    assert len(files) == 4
    assert len(stored_files()) == 2
    assert User.objects.count() == 3
    with pytest.raises(CommandError, match="no team"):
        run("erase_team", "Gardeners", "--yes")


def test_team_that_others_shared_with_is_named_nowhere(sample: SampleTeam) -> None:
    readers = create_team(name="Readers", owner=sample.outsider)
    share_with_team(collection=sample.collection, team=readers, role="viewer", sharer=sample.owner)
    erasure = begin_team_erasure(team=readers)
    delete_erased_rows(erasure=erasure)
    stored = AuditEvent.objects.in_team(sample.team)
    assert stored.count() == 2
    assert "Readers" not in json.dumps(list(stored.values()), default=str)

    stored.update(details={"with_team": "Readers", "with_team_id": readers.pk})
    found = [name for line in finish_erasure(erasure=erasure).lines for name in line.found]
    assert found == ["the audit trail of other teams"]
    assert "Nothing is left." in run("erase_team", "Readers")


def test_erasure_continues_after_a_kill(sample: SampleTeam) -> None:
    IndexWorker().drain()
    erasure = begin_team_erasure(team=sample.team)
    delete_erased_rows(erasure=erasure)
    assert not Team.objects.filter(pk=sample.team.pk).exists()
    output = run("erase_team", "Gardeners")  # it needs no second confirmation
    assert "Nothing is left." in output
    assert stored_files() == set()


def test_proof_finds_and_names_what_is_left(sample: SampleTeam) -> None:
    """Vectors that come back after the erasure, as from a restored index."""
    IndexWorker().drain()
    index, image = get_active_model().index, sample.image
    entry = next(iter(index.iterate_entries()))
    vector = index.get_vectors([image.pk])[image.pk]
    erasure = begin_team_erasure(team=sample.team)
    delete_erased_rows(erasure=erasure)
    IndexWorker().drain()
    from collections_app.index import Record

    index.upsert([Record(entry=entry, vector=vector)])
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("erase_team", "Gardeners", stdout=out, stderr=out)
    lines = out.getvalue().splitlines()
    assert any(line.split()[:2] == ["vectors,", "by"] and line.split()[-1] == "1" for line in lines)
    assert any(line.split()[0] == "partitions" and line.split()[-1] == "1" for line in lines)
    index.delete([image.pk])
    assert "Nothing is left." in run("erase_team", str(erasure.subject_id))


def test_renditions_of_older_sizes_are_erased_too(sample: SampleTeam) -> None:
    IndexWorker().drain()
    stem = Path(sample.image.file_name).stem
    default_storage.save(f"renditions/{stem[:2]}/{stem}-320.jpg", ContentFile(b"old"))
    default_storage.save(f"renditions/{stem[:2]}/{'0' * 32}-320.jpg", ContentFile(b"of another picture"))
    run("erase_team", "Gardeners", "--yes")
    assert stored_files() == {f"renditions/{stem[:2]}/{'0' * 32}-320.jpg"}


def test_picture_moved_to_another_team_meanwhile_keeps_its_file(sample: SampleTeam) -> None:
    other = create_collection(team=sample.outsider.personal_team, name="Other", creator=sample.outsider)
    moved = put_picture(other, sample.outsider, "moved.png", colour="teal")
    IndexWorker().drain()
    erasure = begin_team_erasure(team=sample.team)
    ErasedFile.objects.create(erasure=erasure, image_id=moved.pk, file_name=moved.file_name)
    assert "Nothing is left." in run("erase_team", "Gardeners")
    assert default_storage.exists(moved.file_name)
    assert list(get_active_model().index.get_vectors([moved.pk])) == [moved.pk]


def test_last_owner_is_not_erased(sample: SampleTeam) -> None:
    with pytest.raises(CommandError, match=r"Nobody else owns these teams: “Gardeners” \(\d+\)"):
        run("erase_user", sample.owner.email, "--yes")
    assert User.objects.get(pk=sample.owner.pk).is_active
    with pytest.raises(CommandError, match="erase_user"):
        run("erase_team", str(sample.owner.personal_team.pk), "--yes")


def test_other_owner_cannot_leave_once_an_erasure_has_begun(sample: SampleTeam) -> None:
    Membership.objects.filter(user=sample.viewer, team=sample.team).update(role=Role.OWNER)
    membership = Membership.objects.select_related("team", "user").get(user=sample.owner, team=sample.team)
    begin_account_erasure(user=sample.viewer)
    with pytest.raises(LastOwnerRequired):
        remove_member(membership=membership, remover=sample.owner)
    assert "Nothing is left." in run("erase_user", sample.viewer.email)
    assert list(Membership.objects.filter(team=sample.team)) == [membership]
    assert not AccountDeletion.objects.exists()


def test_sign_in_that_ends_after_the_erasure_has_begun_does_not_keep_the_account(sample: SampleTeam) -> None:
    begin_account_erasure(user=sample.outsider)
    assert not cancel_account_deletion(user=sample.outsider)
    assert AccountDeletion.objects.exists()


def test_name_must_be_typed(sample: SampleTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in ("gardeners", ""):
        monkeypatch.setattr(builtins, "input", lambda _prompt, typed=typed: typed)
        with pytest.raises(CommandError, match="Nothing was erased"):
            run("erase_team", "Gardeners")
    assert Collection.objects.filter(team=sample.team).exists()
    monkeypatch.setattr(builtins, "input", lambda _prompt: "Gardeners")
    assert "Nothing is left." in run("erase_team", "Gardeners")


def test_unreachable_index_keeps_the_erasure(sample: SampleTeam, settings: Settings) -> None:
    from collections_app.index import close_index
    from tests.sample_team import CLOSED_PORT

    IndexWorker().drain()
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
    with pytest.raises(CommandError, match="Run the same command again"):
        run("erase_team", "Gardeners", "--yes")
    close_index()
    settings.MILVUS_URI = ""
    assert "Nothing is left." in run("erase_team", "Gardeners")


def test_maintenance_erases_accounts_after_the_grace_period(sample: SampleTeam) -> None:
    person = sample.outsider
    own = create_collection(team=person.personal_team, name="Own", creator=person)
    put_picture(own, person, "own.png", colour="orange")
    IndexWorker().drain()
    deletion = AccountDeletion.objects.create(user=person, due_at=timezone.now() + timedelta(days=1))
    run_maintenance()
    assert User.objects.filter(pk=person.pk, is_active=True).exists()
    AccountDeletion.objects.filter(pk=deletion.pk).update(due_at=timezone.now())
    run_maintenance()
    assert not User.objects.filter(pk=person.pk).exists()
    assert Erasure.objects.count() == 1  # the worker has still to delete files and vectors
    IndexWorker().drain()
    erase_due_accounts()
    assert not Erasure.objects.exists()
    assert person.pk not in {each.uploader_id for each in get_active_model().index.iterate_entries()}


def test_account_that_became_the_last_owner_is_kept(sample: SampleTeam) -> None:
    AccountDeletion.objects.create(user=sample.owner, due_at=timezone.now())
    erase_due_accounts()
    assert User.objects.get(pk=sample.owner.pk).is_active
