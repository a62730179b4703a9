"""Exports that owners requested on a page: requested, claimed by a worker under a lease, finished, and deleted."""

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.mail import send_mail
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, gettext

from collections_app.errors import LimitReached, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, ExportPart, ExportState, ImageTotal, PendingFile, Team, TeamExport, User
from collections_app.models.team_export import TeamExportQuerySet, build_export_name
from collections_app.services.audit_trail import record_event
from collections_app.services.library.files import delete_files

EXPORT_LEASE_S = 30.0
_POSTPONE_S = 60.0

log = logging.getLogger(__name__)


def request_export(*, team: Team, requester: User, address: str) -> TeamExport:
    """Queue an export for a worker. The requester's earlier exports of the team are deleted.

    The caller checks that the requester owns the team. `address` is the page that the mail links to. Raises
    LimitReached while an export of the team is being prepared.
    """
    export = TeamExport(
        team=team, requester=requester, address=address, language=get_language() or settings.LANGUAGE_CODE
    )
    export.image_count = ImageTotal.objects.in_team(team).not_trashed().sum_images()
    try:
        with transaction.atomic():
            export.save()
            record_event(action=AuditAction.TEAM_EXPORTED, actor=requester, team=team, target=team)
    except IntegrityError as error:
        raise LimitReached(_("An export of this team is being prepared. Wait until it is ready.")) from error
    delete_exports(exports=TeamExport.objects.filter(team=team, requester=requester).exclude(pk=export.pk))
    return export


def delete_exports(*, exports: TeamExportQuerySet) -> int:
    """Delete the exports with their files; return how many. A worker that prepares one of them stops.

    If a file cannot be deleted now, maintenance deletes it.
    """
    ids = list(exports.values_list("pk", flat=True))
    names = list(ExportPart.objects.filter(export__in=ids).values_list("file_name", flat=True))
    TeamExport.objects.filter(pk__in=ids).delete()
    _delete_stored_files(names)
    return len(ids)


def delete_expired_exports() -> int:
    return delete_exports(exports=TeamExport.objects.expired())


@transaction.atomic
def claim_export(*, worker: uuid.UUID, lease_s: float = EXPORT_LEASE_S) -> TeamExport | None:
    """Lease the next due export to the worker, and count the attempt in advance."""
    now = timezone.now()
    due = TeamExport.objects.due(now)
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    export = due.first()
    if export is None:
        return None
    export.lease, export.leased_until = worker, now + timedelta(seconds=lease_s)
    export.state, export.attempts, export.position = ExportState.RUNNING, export.attempts + 1, 0
    export.save(update_fields=["lease", "leased_until", "state", "attempts", "position"])
    return export


def renew_export_lease(*, worker: uuid.UUID, lease_s: float = EXPORT_LEASE_S) -> None:
    TeamExport.objects.leased_by(worker).update(leased_until=timezone.now() + timedelta(seconds=lease_s))


def save_export_progress(*, worker: uuid.UUID, export: TeamExport) -> bool:
    """Return False if the export was deleted, or claimed by another worker."""
    held = TeamExport.objects.leased_by(worker).filter(pk=export.pk)
    return bool(held.update(position=export.position, message=""))


def store_export_part(*, worker: uuid.UUID, export: TeamExport, file: IO[bytes]) -> bool:
    """Store a ZIP file. Return False, with nothing stored, as `save_export_progress` does.

    Raises OSError or StorageUnavailable.
    """
    name = build_export_name()
    PendingFile.objects.create(file_name=name)
    size = file.seek(0, 2)
    file.seek(0)
    default_storage.save(name, File(file))
    with transaction.atomic():
        held = TeamExport.objects.select_for_update().leased_by(worker).filter(pk=export.pk)
        is_held = held.exists()
        if is_held:
            ExportPart.objects.create(export=export, number=export.parts.count() + 1, file_name=name, byte_size=size)
    if not is_held:
        _delete_stored_files([name])
    return is_held


def discard_export_parts(*, worker: uuid.UUID, export: TeamExport) -> None:
    """Delete the parts of an attempt that did not end, unless another worker has claimed the export."""
    parts = ExportPart.objects.filter(export=export, export__lease=worker)
    names = list(parts.values_list("file_name", flat=True))
    ExportPart.objects.filter(file_name__in=names).delete()
    _delete_stored_files(names)


def release_export(*, worker: uuid.UUID, export: TeamExport, reason: str = "", counts: bool = False) -> None:
    """End the lease; the export begins again, with a `reason` later. The attempt is a failure only if it `counts`."""
    values = {} if counts else {"attempts": Greatest(F("attempts") - 1, 0)}
    run_after = timezone.now() + timedelta(seconds=_POSTPONE_S if reason else 0)
    TeamExport.objects.leased_by(worker).filter(pk=export.pk).update(
        lease=None, leased_until=None, state=ExportState.WAITING, run_after=run_after, message=reason, **values
    )


@transaction.atomic
def finish_export(*, worker: uuid.UUID, export: TeamExport, problem_count: int = 0, failure: str = "") -> None:
    """Record the end, and tell the requester by a notice and, if there is a mail server, by mail."""
    now = timezone.now()
    finished = TeamExport.objects.leased_by(worker).filter(pk=export.pk)
    done = finished.update(
        state=ExportState.FAILED if failure else ExportState.DONE,
        message=failure,
        position=export.position,
        problem_count=problem_count,
        finished_at=now,
        expires_at=now + timedelta(days=settings.EXPORT_DAYS),
        has_notice=True,
        lease=None,
        leased_until=None,
    )
    if done:
        export.refresh_from_db()
        _send_export_mail(export)


def dismiss_export_notice(*, export: TeamExport) -> None:
    TeamExport.objects.filter(pk=export.pk).update(has_notice=False)


def _send_export_mail(export: TeamExport) -> None:
    """Mail the link in the language in which the export was requested. The caller has activated it."""
    if export.is_ready:
        title = gettext("The pictures of “%(team)s” are ready to download") % {"team": export.team}
    else:
        title = gettext("The pictures of “%(team)s” could not be exported") % {"team": export.team}
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + " ".join(title.split())
    text = render_to_string("email/export.txt", {"export": export})
    send_mail(subject, text, None, [export.requester.email])


def _delete_stored_files(names: Iterable[str]) -> None:
    """A failure is only logged, because maintenance finds the files by their PendingFile rows."""
    for name in names:
        try:
            delete_files(name)
        except (OSError, StorageUnavailable) as error:
            log.warning("The file %s of an export could not be deleted: %s", name, error)
        else:
            PendingFile.objects.filter(file_name=name).delete()
