"""Writing an export of a team: pictures in folders by collection, sidecars, metadata.json, about.json, checksums."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from collections_app.chunks import iterate_chunks
from collections_app.models import (
    Collection,
    DuplicateDismissal,
    Favourite,
    Image,
    Membership,
    PublicLink,
    Share,
    Team,
    User,
)
from collections_app.models.image import ImageQuerySet
from collections_app.services.exports.document import (
    ABOUT_NAME,
    CHECKSUMS_NAME,
    FORMAT,
    FORMAT_VERSION,
    METADATA_NAME,
    SIDECAR_SUFFIX,
    describe_collection_fields,
    describe_image_fields,
)
from collections_app.services.exports.sidecars import build_sidecar
from collections_app.services.exports.targets import PARTIAL_NAME, ExportTarget
from collections_app.services.library.files import UniqueNames

_READ_TOGETHER = 200
_CHUNK_BYTES = 2**16
_IN_MEMORY_BYTES = 2**22
_PERSONAL_NAME = "Personal pictures"


@dataclass(slots=True, kw_only=True)
class ExportResult:
    """What was exported. `problems` has a sentence for each picture that is missing or damaged."""

    image_count: int = 0
    byte_size: int = 0
    problems: list[str] = field(default_factory=list)


def write_export(
    *, team: Team, target: ExportTarget, favourites_of: User | None = None, on_image: Callable[[], None]
) -> ExportResult:
    """Export all collections and pictures of the team outside the trash.

    `on_image` is called after each picture; what it raises ends the export. Raises OSError if the target cannot be
    written, StorageUnavailable if the pictures cannot be read.
    """
    return _Writer(team=team, target=target, favourites_of=favourites_of, on_image=on_image).write()


def list_exported_ids(team: Team) -> dict[int, list[int]]:
    """Return the ids of the exported pictures by collection."""
    ids: dict[int, list[int]] = defaultdict(list)
    for pk, collection_id in _select_exported(team).order_by("pk").values_list("pk", "collection_id").iterator():
        ids[collection_id].append(pk)
    return ids


def _select_exported(team: Team) -> ImageQuerySet:
    return Image.objects.not_trashed().filter(collection__team=team, collection__trashed_at=None)


class _Writer:
    def __init__(
        self, *, team: Team, target: ExportTarget, favourites_of: User | None, on_image: Callable[[], None]
    ) -> None:
        self._team, self._target, self._on_image = team, target, on_image
        self._result = ExportResult()
        self._collections = list(Collection.objects.not_trashed().filter(team=team))
        self._image_ids = list_exported_ids(team)
        folders = UniqueNames(reserved=(METADATA_NAME, ABOUT_NAME, CHECKSUMS_NAME, PARTIAL_NAME))
        # Only the last part of a path would remain of a name with slashes.
        self._folders = {
            each.pk: folders.add(each.name.replace("/", "_").replace("\\", "_")) for each in self._collections
        }
        loved = Favourite.objects.filter(user=favourites_of, image__collection__team=team) if favourites_of else None
        self._favourites = set(loved.values_list("image_id", flat=True)) if loved is not None else set[int]()
        self._dismissed = _list_dismissed(team)
        self._files_of_dismissed: dict[int, str] = dict.fromkeys(set[int]().union(*self._dismissed), "")
        self._files_by_uploader: dict[int, list[str]] = defaultdict(list)

    def write(self) -> ExportResult:
        with ExitStack() as stack:
            metadata, self._sums = (
                stack.enter_context(
                    tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR))
                )
                for _ in range(2)
            )
            self._write_metadata(metadata)
            self._add(METADATA_NAME, _read_from_start(metadata))
            self._add(ABOUT_NAME, iter([_encode_json(self._describe_export(), indent=2), b"\n"]))
            self._target.add_file(CHECKSUMS_NAME, _read_from_start(self._sums))
        return self._result

    def _write_metadata(self, file: IO[bytes]) -> None:
        """Write a line for each collection and picture, while the pictures are copied."""
        name = _PERSONAL_NAME if self._team.is_personal else self._team.name
        described = [describe_collection_fields(each, self._folders[each.pk]) for each in self._collections]
        head = f'{{\n"format": {json.dumps(FORMAT)},\n"version": {FORMAT_VERSION},\n"team": '
        file.write(head.encode() + _encode_json({"name": name}))
        _write_list(file, "collections", iter(described))
        _write_list(file, "images", self._export_images())
        _write_list(file, "different_pictures", iter(self._list_different_pictures()))
        file.write(b"\n}\n")

    def _export_images(self) -> Iterator[dict[str, Any]]:
        for collection in self._collections:
            names = UniqueNames(sidecar_suffix=SIDECAR_SUFFIX)
            for chunk in iterate_chunks(self._image_ids.get(collection.pk, []), _READ_TOGETHER):
                images = _select_exported(self._team).in_bulk(chunk)  # some may have left the team meanwhile
                for image in (images[pk] for pk in chunk if pk in images):
                    file = f"{self._folders[collection.pk]}/{names.add(image.original_name)}"
                    if described := self._export_image(image, file, is_cover=image.pk == collection.selected_cover_id):
                        yield described
                    self._on_image()

    def _export_image(self, image: Image, file: str, *, is_cover: bool) -> dict[str, Any] | None:
        """Copy the file unless the target has it, and return its record; None if the storage has no such file."""
        is_favourite = image.pk in self._favourites
        checksum, byte_size = image.sha256, image.byte_size
        if not self._target.has_file(file, image.sha256):
            try:
                stored = image.file.open("rb")
            except FileNotFoundError:
                self._result.problems.append(f"{file}: the file is missing from the storage, so it is not exported.")
                return None
            with stored:
                moment, byte_size = image.taken_at or image.created_at, stored.size
                checksum = self._target.add_file(file, stored.chunks(_CHUNK_BYTES), moment=moment)
        if checksum != image.sha256:
            self._result.problems.append(f"{file}: the file is not the one that was uploaded. It is exported as it is.")
        self._note_sum(file, checksum)
        self._add(file + SIDECAR_SUFFIX, iter([build_sidecar(image, is_favourite=is_favourite)]))
        self._result.image_count += 1
        self._result.byte_size += byte_size
        self._files_by_uploader[image.uploader_id or 0].append(file)
        if image.pk in self._files_of_dismissed:
            self._files_of_dismissed[image.pk] = file
        return {
            **describe_image_fields(image, file, is_cover=is_cover, is_favourite=is_favourite),
            "sha256": checksum,
            "byte_size": byte_size,
        }

    def _add(self, name: str, content: Iterator[bytes]) -> None:
        self._note_sum(name, self._target.add_file(name, content))

    def _note_sum(self, name: str, checksum: str) -> None:
        """Write a line as `sha256sum` does, which `sha256sum --check` reads."""
        self._sums.write(f"{checksum}  {name}\n".encode())

    def _list_different_pictures(self) -> list[list[str]]:
        files = self._files_of_dismissed
        groups = (sorted(files[pk] for pk in group if files[pk]) for group in self._dismissed)
        return sorted(group for group in groups if len(group) > 1)

    def _describe_export(self) -> dict[str, Any]:
        """Return what people may want to know later. It has no addresses and no secrets, and is not imported."""
        members = list(Membership.objects.filter(team=self._team).select_related("user").order_by("pk"))
        names = {each.user_id: each.user.display_name or f"Member {number}" for number, each in enumerate(members, 1)}
        return {
            "exported_at": timezone.now().isoformat(),
            "pictures": self._result.image_count,
            "bytes": self._result.byte_size,
            "problems": self._result.problems,
            "members": [{"name": names[each.user_id], "role": each.role} for each in members],
            "uploads": [
                {"name": names.get(pk, "A former member"), "files": files}
                for pk, files in self._files_by_uploader.items()
            ],
            "shares": _describe_shares(self._team, self._folders),
            "public_links": _describe_links(self._team, self._folders),
        }


def _list_dismissed(team: Team) -> list[set[int]]:
    groups: dict[int, set[int]] = defaultdict(set)
    rows = DuplicateDismissal.images.through.objects.filter(duplicatedismissal__team=team)
    for dismissal_id, image_id in rows.values_list("duplicatedismissal_id", "image_id"):
        groups[dismissal_id].add(image_id)
    return list(groups.values())


def _describe_shares(team: Team, folders: dict[int, str]) -> list[dict[str, Any]]:
    shares = Share.objects.filter(collection__team=team, collection__in=folders).order_by("pk")
    return [
        {
            "collection": folders[each.collection_id],
            "with": "a team" if each.team_id else "a person",
            "role": each.role,
            "created_at": each.created_at.isoformat(),
        }
        for each in shares
    ]


def _describe_links(team: Team, folders: dict[int, str]) -> list[dict[str, Any]]:
    links = PublicLink.objects.filter(collection__team=team, collection__in=folders).order_by("pk")
    return [
        {
            "collections": [
                folders[pk]
                for pk in (link.collection_id, *link.further_collections.order_by("pk").values_list("pk", flat=True))
                if pk in folders
            ],
            "has_password": bool(link.password),
            "allows_download": link.allows_download,
            "created_at": link.created_at.isoformat(),
            "expires_at": link.expires_at and link.expires_at.isoformat(),
        }
        for link in links
    ]


def _write_list(file: IO[bytes], name: str, items: Iterator[Any]) -> None:
    file.write(f",\n{json.dumps(name)}: [".encode())
    for number, item in enumerate(items):
        file.write(b",\n" if number else b"\n")
        file.write(_encode_json(item))
    file.write(b"\n]")


def _encode_json(value: Any, *, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode(errors="replace")


def _read_from_start(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
