"""Erasing an account or a team: rows, files, renditions, vectors and traces. After an interruption it is continued.

What is to be erased is noted first, so that the proof can search for it after the rows are deleted.
"""

from collections.abc import Iterator
from itertools import chain

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from collections_app.chunks import iterate_chunks
from collections_app.errors import FilesHeld, LastOwnerRequired
from collections_app.errors import gettext_noop as _
from collections_app.models import (
    AccountDeletion,
    ArchiveImport,
    ErasedFile,
    Erasure,
    ErasureKind,
    ExportPart,
    GuestUpload,
    Image,
    IndexJob,
    Invitation,
    OutgoingMail,
    PendingFile,
    Team,
    User,
)
from collections_app.models.concurrent_writes import split_into_chunks
from collections_app.models.index_job import IndexJobQuerySet
from collections_app.services.audit_trail import forget_person, forget_teams
from collections_app.services.erasure.admin_log import delete_log_entries
from collections_app.services.erasure.proof import Proof, list_stored_files, prove_erasure
from collections_app.services.erasure.sessions import end_sessions, find_session_keys
from collections_app.services.indexing.kept_models import list_indexes
from collections_app.services.indexing.queue import retry_jobs
from collections_app.services.library.files import delete_files, get_picture_storage, is_backup_running
from collections_app.services.sharing.accounts import delete_account
from collections_app.services.sharing.owners import list_solely_owned, lock_owned_teams, reject_personal_team
from collections_app.services.sharing.teams import delete_team

_IDS_PER_STATEMENT = 500
_FILES_PER_CALL = 100


@transaction.atomic
def begin_account_erasure(*, user: User) -> Erasure:
    """Close the account and record that it is to be erased with its personal team. Nothing is deleted yet.

    From now on the account does not count as an owner, so the other owners of its teams cannot leave. Raises
    LastOwnerRequired if another team would be left without an owner.
    """
    lock_owned_teams(user)
    if teams := list_solely_owned(user):
        sentence = _("Nobody else owns these teams: %(teams)s. Make someone else an owner first, or delete them.")
        raise LastOwnerRequired(sentence, teams=", ".join(f"“{team}” ({team.pk})" for team in teams))
    User.objects.filter(pk=user.pk).update(is_active=False)
    AccountDeletion.objects.get_or_create(user=user, defaults={"due_at": timezone.now()})
    elsewhere = Image.objects.filter(uploader=user).exclude(collection__team__personal_of=user)
    return Erasure.objects.get_or_create(
        kind=ErasureKind.ACCOUNT,
        subject_id=user.pk,
        defaults={
            "name": user.email,
            "addresses": sorted({user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}),
            "team_ids": list(Team.objects.filter(personal_of=user).values_list("pk", flat=True)),
            "kept_image_ids": list(elsewhere.values_list("pk", flat=True)),
        },
    )[0]


def begin_team_erasure(*, team: Team) -> Erasure:
    """Record that the team is to be erased. Nothing is deleted yet. Raises PersonalTeamProtected."""
    reject_personal_team(team)
    defaults = {"name": team.name, "team_ids": [team.pk]}
    return Erasure.objects.get_or_create(kind=ErasureKind.TEAM, subject_id=team.pk, defaults=defaults)[0]


def delete_erased_rows(*, erasure: Erasure) -> None:
    """Delete the rows, and the files that belong to no picture. Index jobs then delete those of pictures and vectors.

    Raises StorageUnavailable or OSError. Can be repeated. While a backup runs, no file is deleted.
    """
    _note_files(erasure)
    if erasure.kind == ErasureKind.TEAM:
        for team in Team.objects.filter(pk=erasure.subject_id):
            delete_team(team=team)
    else:
        for user in User.objects.filter(pk=erasure.subject_id):
            end_sessions(user=user)
            delete_account(user=user)
    # Someone may have moved a picture to another team after it was noted. It stays.
    erasure.files.filter(image_id__in=Image.objects.values("pk")).delete()
    _delete_traces(erasure)
    if not is_backup_running():
        names = list(erasure.files.filter(image_id=None).values_list("file_name", flat=True))
        for chunk in iterate_chunks(names, _FILES_PER_CALL):
            delete_files(*chunk)
            PendingFile.objects.filter(file_name__in=chunk).delete()
    retry_jobs(jobs=_find_jobs(erasure).filter(is_failed=True))


def has_waiting_jobs(erasure: Erasure) -> bool:
    """Return whether the index worker has still to delete files and vectors, or to forget the uploader."""
    if _find_jobs(erasure).exists():
        return True
    waiting, chunks = IndexJob.objects.waiting(), iterate_chunks(erasure.kept_image_ids, _IDS_PER_STATEMENT)
    return any(waiting.filter(image_id__in=chunk).exists() for chunk in chunks)


def finish_erasure(*, erasure: Erasure) -> Proof:
    """Delete remaining files and partitions once no job waits, search, and forget the erasure if nothing is left.

    Raises FilesHeld while a backup runs, whose copy of the rows may name the files. Raises IndexUnavailable,
    EncoderError, StorageUnavailable or OSError. Can be repeated.
    """
    if is_backup_running():
        raise FilesHeld(_("A backup is running."))
    if not has_waiting_jobs(erasure):
        names = list(erasure.files.values_list("file_name", flat=True))
        # Those that were kept for a backup, and renditions of sizes that an older version made.
        get_picture_storage().delete_many(list_stored_files(names))
        for chunk in iterate_chunks(names, _IDS_PER_STATEMENT):
            PendingFile.objects.filter(file_name__in=chunk).delete()
        for index in list_indexes():
            index.drop_empty_partitions(erasure.team_ids)
    proof = prove_erasure(erasure, has_waiting_jobs=has_waiting_jobs(erasure))
    if proof.is_clean:
        erasure.delete()
    return proof


def _find_jobs(erasure: Erasure) -> IndexJobQuerySet:
    return IndexJob.objects.filter(image_id__in=erasure.files.values("image_id"))


def _note_files(erasure: Erasure) -> None:
    in_teams = Q(collection__team__in=erasure.team_ids)
    archives, parts = in_teams, Q(export__team__in=erasure.team_ids)
    if erasure.kind == ErasureKind.ACCOUNT:
        archives |= Q(uploader=erasure.subject_id)
        parts |= Q(export__requester=erasure.subject_id)
    images = Image.objects.filter(in_teams).order_by("pk").values_list("pk", "file").iterator()
    others = (
        ArchiveImport.objects.filter(archives).exclude(file_name="").values_list("file_name", flat=True),
        GuestUpload.objects.filter(link__collection__team__in=erasure.team_ids).values_list("file_name", flat=True),
        ExportPart.objects.filter(parts).values_list("file_name", flat=True),
    )
    noted: Iterator[tuple[int | None, str]] = chain(images, ((None, name) for name in chain.from_iterable(others)))
    for chunk in split_into_chunks(noted):
        rows = [ErasedFile(erasure=erasure, image_id=image_id, file_name=name) for image_id, name in chunk]
        ErasedFile.objects.bulk_create(rows, ignore_conflicts=True)


def _delete_traces(erasure: Erasure) -> None:
    """Delete what names the account or team without a foreign key: mails, invitations, sessions, logs, events.

    Events of the audit trail in other teams stay without the name.
    """
    forget_teams(team_ids=erasure.team_ids, names=[erasure.name])
    delete_log_entries(erasure)
    for address in erasure.addresses:
        OutgoingMail.objects.filter(recipient__iexact=address).delete()
        Invitation.objects.filter(email__iexact=address).delete()
    if erasure.kind == ErasureKind.ACCOUNT:
        forget_person(user_id=erasure.subject_id, addresses=erasure.addresses)
        Session.objects.filter(session_key__in=list(find_session_keys(erasure.subject_id))).delete()
