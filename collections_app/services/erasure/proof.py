"""The proof that nothing is left of an erased account or team: rows by id, the storage's listing, the index by id."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.files.storage import default_storage
from django.db.models import ForeignKey, Model

from collections_app.chunks import iterate_chunks
from collections_app.models import (
    AuditEvent,
    Erasure,
    ErasureKind,
    Image,
    ImageTotal,
    Invitation,
    OutgoingMail,
    PendingFile,
    Team,
    User,
)
from collections_app.services.audit_trail import find_share_events
from collections_app.services.erasure.admin_log import find_log_entries
from collections_app.services.erasure.sessions import find_session_keys
from collections_app.services.indexing.kept_models import list_indexes

_IDS_PER_CALL = 1000
_RENDITIONS = "renditions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofLine:
    """What was searched, in how many places or for how many things, and what was found."""

    searched: str
    count: int
    found: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    lines: Sequence[ProofLine]

    @property
    def is_clean(self) -> bool:
        return not any(line.found for line in self.lines)


def prove_erasure(erasure: Erasure, *, has_waiting_jobs: bool) -> Proof:
    """Search everywhere. Raises IndexUnavailable, EncoderError, StorageUnavailable or OSError."""
    noted = list(erasure.files.values_list("image_id", "file_name"))
    image_ids = [image_id for image_id, _name in noted if image_id is not None]
    names = [name for _image_id, name in noted]
    lines = [
        _search_relations(erasure),
        _search_image_rows(image_ids),
        _search_texts(erasure),
        ProofLine(
            searched="index jobs of its pictures",
            count=len(image_ids) + len(erasure.kept_image_ids),
            found=["some are waiting"] if has_waiting_jobs else [],
        ),
        ProofLine(searched="stored files, by listing", count=len(names), found=list_stored_files(names)),
        ProofLine(searched="files that wait for deletion", count=len(names), found=_find_pending(names)),
        ProofLine(searched="vectors, by id", count=len(image_ids), found=_find_vectors(image_ids)),
        ProofLine(searched="partitions of the index", count=len(erasure.team_ids), found=_find_partitions(erasure)),
    ]
    if erasure.kind == ErasureKind.ACCOUNT:
        lines.append(ProofLine(searched="sessions", count=1, found=list(find_session_keys(erasure.subject_id))))
    return Proof(lines=lines)


def list_stored_files(names: Iterable[str]) -> list[str]:
    """Return what the storage lists of these files: originals, renditions of any size, and files of other kinds."""
    stems: dict[str, set[str]] = defaultdict(set)
    for name in names:
        path = PurePosixPath(name)
        stems[str(path.parent)].add(path.stem)
        stems[f"{_RENDITIONS}/{path.parent.name}"].add(path.stem)
    found: list[str] = []
    for folder in sorted(stems):
        try:
            _folders, files = default_storage.listdir(folder)
        except FileNotFoundError:
            continue
        found += [f"{folder}/{file}" for file in files if PurePosixPath(file).stem.partition("-")[0] in stems[folder]]
    return found


def _search_relations(erasure: Erasure) -> ProofLine:
    """Search the rows themselves, and every foreign key of every model to accounts and to teams.

    Events of the audit trail in other teams keep the id of an account, but not its name.
    """
    targets: list[tuple[type[Model], list[int]]] = [(Team, erasure.team_ids)]
    if erasure.kind == ErasureKind.ACCOUNT:
        targets.append((User, [erasure.subject_id]))
    count, found = 0, list[str]()
    for target, ids in targets:
        for model, field in [(target, "pk"), *_iterate_relations(target)]:
            count += 1
            rows = model._base_manager.filter(**{f"{field}__in": ids})
            if model is AuditEvent and target is User:
                rows = rows.exclude(**{f"{field}_name": ""})
            if number := rows.count():
                found.append(f"{number} in {model._meta.label} by {field}")
    return ProofLine(searched="rows that refer to it", count=count, found=found)


def _iterate_relations(target: type[Model]) -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey) and field.related_model is target:
                yield model, field.name


def _search_image_rows(image_ids: Sequence[int]) -> ProofLine:
    chunks = iterate_chunks(list(image_ids), _IDS_PER_CALL)
    found = [str(pk) for chunk in chunks for pk in Image.objects.filter(pk__in=chunk).values_list("pk", flat=True)]
    return ProofLine(searched="rows of its pictures", count=len(image_ids), found=found)


def _search_texts(erasure: Erasure) -> ProofLine:
    """Search the rows that name it without a foreign key."""
    shares = find_share_events(team_ids=erasure.team_ids, names=[erasure.name])
    searches: list[tuple[str, Any]] = [
        ("the admin's log", LogEntry.objects.filter(pk__in=find_log_entries(erasure)[:_IDS_PER_CALL])),
        ("the audit trail of other teams", shares),
    ]
    if erasure.kind == ErasureKind.ACCOUNT:
        totals = ImageTotal.objects.filter(uploader_id=erasure.subject_id).with_images()
        searches.append(("totals of pictures", totals))
    for address in erasure.addresses:
        searches.append(("outgoing mails", OutgoingMail.objects.filter(recipient__iexact=address)))
        searches.append(("invitations", Invitation.objects.filter(email__iexact=address)))
    found = [name for name, rows in searches if rows.exists()]
    return ProofLine(searched="rows that contain its id or address", count=len(searches), found=found)


def _find_pending(names: Sequence[str]) -> list[str]:
    chunks = iterate_chunks(list(names), _IDS_PER_CALL)
    rows = (PendingFile.objects.filter(file_name__in=chunk).values_list("file_name", flat=True) for chunk in chunks)
    return [name for found in rows for name in found]


def _find_vectors(image_ids: Sequence[int]) -> list[str]:
    """Search all partitions of each model's index, that of the trash included."""
    indexes, chunks = list_indexes(), iterate_chunks(list(image_ids), _IDS_PER_CALL)
    found = {image_id for chunk in chunks for index in indexes for image_id in index.get_vectors(chunk)}
    return [str(image_id) for image_id in sorted(found)]


def _find_partitions(erasure: Erasure) -> list[str]:
    existing = {team_id for index in list_indexes() for team_id in index.list_team_ids()}
    return [str(team_id) for team_id in sorted(existing.intersection(erasure.team_ids))]
