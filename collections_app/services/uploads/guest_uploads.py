"""Pictures of guests: received through a guest link, and added or deleted by people who may edit the collection."""

import logging
import shutil
import tempfile
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import F, Sum

from collections_app.errors import CollectionDeleted, GuestLinkFull, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.imaging import check_byte_size, hold_picture, inspect_picture, make_thumbnail
from collections_app.models import GuestLink, GuestUpload, PendingFile, Team, User
from collections_app.models.guest_upload import build_guest_file_name
from collections_app.models.names import clean_tags
from collections_app.services.library.files import clean_file_name, delete_files, discard_files
from collections_app.services.library.quotas import check_quota
from collections_app.services.uploads.ingest import compute_sha256, get_upload_limits, ingest_upload

_THUMBNAIL_EDGE_PX = 480

log = logging.getLogger(__name__)


def receive_guest_file(*, link: GuestLink, file: BinaryIO, name: str, guest_name: str = "") -> None:
    """Store a guest's picture: among those that wait for approval, or in the collection.

    Raises InvalidImage, GuestLinkFull, CollectionDeleted, QuotaExceeded, OSError or StorageUnavailable, with nothing
    stored. Nothing tells the guest whether the team has the picture already.
    """
    byte_size = file.seek(0, 2)
    check_byte_size(byte_size, get_upload_limits())
    _reserve(link, byte_size)
    try:
        if link.needs_approval:
            _store_waiting(link, file, name, guest_name)
        else:
            _ingest(link, file, name, guest_name, link.creator)
    except BaseException:
        _add_to_counts(link, files=-1, byte_size=-byte_size)
        raise


def approve_guest_upload(*, upload: GuestUpload, approver: User) -> None:
    """Add a waiting picture to the collection as the approver's upload.

    Raises InvalidImage, CollectionDeleted, QuotaExceeded, OSError or StorageUnavailable; the picture then still waits.
    """
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        with default_storage.open(upload.file_name) as stored:
            shutil.copyfileobj(stored, copy)
        _ingest(upload.link, cast(BinaryIO, copy), upload.original_name, upload.guest_name, approver)
    delete_guest_upload(upload=upload)


def delete_guest_upload(*, upload: GuestUpload) -> None:
    """Delete a waiting picture. If its file cannot be deleted now, maintenance deletes it."""
    upload.delete()
    try:
        discard_files(upload.file_name)
    except (OSError, StorageUnavailable) as error:
        log.warning("The file %s of a guest could not be deleted: %s", upload.file_name, error)


def draw_guest_thumbnail(upload: GuestUpload) -> bytes:
    """Return a JPEG. Raises InvalidImage, FileNotFoundError or StorageUnavailable."""
    with (
        default_storage.open(upload.file_name) as stored,
        hold_picture(cast(BinaryIO, stored), max_edge_px=_THUMBNAIL_EDGE_PX) as picture,
    ):
        return make_thumbnail(picture, edge_px=_THUMBNAIL_EDGE_PX)


def _reserve(link: GuestLink, byte_size: int) -> None:
    """Count a file in advance, so that simultaneous uploads do not exceed the limits.

    The link may have been revoked or have expired since the request began. Raises CollectionDeleted or GuestLinkFull.
    """
    if not GuestLink.objects.existing().open().filter(pk=link.pk).exists():
        raise CollectionDeleted(_("This link no longer works."))
    has_room = {"file_count__lt": F("max_files"), "byte_count__lte": F("max_bytes") - byte_size}
    if not _add_to_counts(link, files=1, byte_size=byte_size, **has_room):
        raise GuestLinkFull(_("This link has no room for this picture. Tell the person who sent it to you."))


def _add_to_counts(link: GuestLink, *, files: int, byte_size: int, **condition: object) -> bool:
    """Return whether the link met the condition and was changed."""
    rows = GuestLink.objects.filter(pk=link.pk, **condition)
    return bool(rows.update(file_count=F("file_count") + files, byte_count=F("byte_count") + byte_size))


def _ingest(link: GuestLink, file: BinaryIO, name: str, guest_name: str, uploader: User | None) -> None:
    """The name of the guest becomes a tag."""
    if uploader is None:
        raise CollectionDeleted(_("This link no longer works."))
    tags = clean_tags([guest_name]) if guest_name else []
    ingest_upload(file=file, file_name=name, collection=link.collection, uploader=uploader, tags=tags)


def _store_waiting(link: GuestLink, file: BinaryIO, name: str, guest_name: str) -> None:
    """Store the file, then the row. If the process dies in between, maintenance deletes the file."""
    _check_quota_with_waiting(link, byte_size=file.seek(0, 2))
    upload = GuestUpload(
        link=link,
        guest_name=guest_name,
        original_name=clean_file_name(name),
        file_name=build_guest_file_name(inspect_picture(file, get_upload_limits()).extension),
        sha256=compute_sha256(file),
        byte_size=file.seek(0, 2),
    )
    if GuestUpload.objects.filter(link=link, sha256=upload.sha256).exists():
        return
    PendingFile.objects.create(file_name=upload.file_name)
    file.seek(0)
    try:
        default_storage.save(upload.file_name, File(file))
        with transaction.atomic():
            upload.save()
    except IntegrityError as error:
        _delete_stored_file(upload.file_name)
        if not GuestUpload.objects.filter(link=link, sha256=upload.sha256).exists():  # sent twice at once
            raise CollectionDeleted(_("This link no longer works.")) from error
    except BaseException:
        _delete_stored_file(upload.file_name)
        raise


def _check_quota_with_waiting(link: GuestLink, *, byte_size: int) -> None:
    """Raise QuotaExceeded if the team has no room for this picture and for those that wait."""
    team = Team.objects.get(pk=link.collection.team_id)
    waiting = GuestUpload.objects.filter(link__collection__team=team)
    waiting_bytes = waiting.aggregate(sum=Sum("byte_size", default=0))["sum"]
    check_quota(team=team, byte_size=byte_size + waiting_bytes, images=1 + waiting.count())


def _delete_stored_file(name: str) -> None:
    delete_files(name)
    PendingFile.objects.filter(file_name=name).delete()
