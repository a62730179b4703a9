"""What metadata.json of an export contains: all that `import_team` restores. Reading it trusts nothing in it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, NoReturn, TypeVar

from django.utils import timezone

from collections_app.errors import InvalidExport
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Image
from collections_app.models.names import clean_name, fold_name
from collections_app.services.library.files import clean_file_name

METADATA_NAME, ABOUT_NAME, CHECKSUMS_NAME = "metadata.json", "about.json", "SHA256SUMS"
SIDECAR_SUFFIX = ".xmp"
MAX_METADATA_BYTES = 2**29
FORMAT, FORMAT_VERSION = "imagesearch team export", 1
_MAX_TAGS, _MAX_TAG_LENGTH = 200, 200
_HEX = frozenset("0123456789abcdef")
_DAY_MINUTES = 24 * 60

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCollection:
    folder: str
    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedImage:
    """`file` is a path in the export: the folder of the collection, a slash, and a name."""

    file: str
    sha256: str
    byte_size: int
    original_name: str
    title: str
    description: str
    tags: Sequence[str]
    taken_at: datetime | None
    taken_offset_minutes: int | None
    has_taken_time: bool | None
    date_edited_at: datetime | None
    created_at: datetime
    is_cover: bool
    is_favourite: bool

    @property
    def folder(self) -> str:
        return self.file.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTeam:
    """`different_pictures` are the files of each group of pictures that the team declared to be no duplicates."""

    name: str
    collections: Sequence[ExportedCollection]
    images: Sequence[ExportedImage]
    different_pictures: Sequence[Sequence[str]]


def describe_collection_fields(collection: Collection, folder: str) -> dict[str, Any]:
    return {
        "folder": folder,
        "name": collection.name,
        "description": collection.description,
        "created_at": collection.created_at.isoformat(),
    }


def describe_image_fields(image: Image, file: str, *, is_cover: bool, is_favourite: bool) -> dict[str, Any]:
    return {
        "file": file,
        "sha256": image.sha256,
        "byte_size": image.byte_size,
        "original_name": image.original_name,
        "title": image.title,
        "description": image.description,
        "tags": list_tags(image),
        "taken_at": image.taken_at and image.taken_at.isoformat(),
        "taken_offset_minutes": image.taken_offset_minutes,
        "has_taken_time": image.has_taken_time,
        "date_edited_at": image.date_edited_at and image.date_edited_at.isoformat(),
        "created_at": image.created_at.isoformat(),
        "is_cover": is_cover,
        "is_favourite": is_favourite,
    }


def list_tags(image: Image) -> list[str]:
    """Return the tags. Administrators can store JSON that is not a list of texts."""
    return [tag for tag in image.tags if isinstance(tag, str)] if isinstance(image.tags, list) else []


def parse_document(data: bytes) -> ExportedTeam:
    """Raises InvalidExport with the place of the first error."""
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidExport(_("metadata.json of this export can't be read: it is no JSON.")) from error
    reader = _Reader(found, "metadata.json")
    if reader.get("format", str) != FORMAT:
        raise InvalidExport(_("metadata.json is not that of an exported team."))
    if reader.get("version", int) != FORMAT_VERSION:
        raise InvalidExport(_("This export has a version that this program can't read. Update the program."))
    team = _Reader(reader.get("team", dict), "team")
    return _check_document(
        ExportedTeam(
            name=team.read_name("name", 100),
            collections=[_parse_collection(each) for each in reader.iterate("collections")],
            images=[_parse_image(each) for each in reader.iterate("images")],
            different_pictures=[
                [str(file) for file in group] for group in reader.get("different_pictures", list) if type(group) is list
            ],
        )
    )


class _Reader:
    """Reads the fields of one JSON object. Every error names the object and the field."""

    def __init__(self, found: Any, place: str) -> None:
        self._place = place
        if not isinstance(found, dict):
            self._fail("")
        self._found: dict[str, Any] = found

    def get(self, name: str, kind: type[_Value]) -> _Value:
        value = self._found.get(name)
        if type(value) is not kind:
            self._fail(name)
        return value

    def get_optional(self, name: str, kind: type[_Value]) -> _Value | None:
        return None if self._found.get(name) is None else self.get(name, kind)

    def iterate(self, name: str) -> "list[_Reader]":
        return [_Reader(each, f"{name}[{number}]") for number, each in enumerate(self.get(name, list))]

    def read_text(self, name: str, max_length: int) -> str:
        value = self.get(name, str)
        self._require(name, lambda: _is_text(value, max_length))
        return value

    def read_name(self, name: str, max_length: int) -> str:
        value = self.read_text(name, max_length)
        self._require(name, lambda: bool(clean_name(value)))
        return value

    def read_number(self, name: str, minimum: int, maximum: int) -> int:
        value = self.get(name, int)
        self._require(name, lambda: minimum <= value <= maximum)
        return value

    def read_moment(self, name: str, *, is_aware: bool) -> datetime:
        """Return a date with a time. An aware one is of this site's past, give or take a day for wrong clocks."""
        text, moments = self.get(name, str), list[datetime]()
        latest = timezone.now() + timedelta(days=1)

        def is_valid() -> bool:
            moments.append(datetime.fromisoformat(text))
            if timezone.is_aware(moments[0]) != is_aware:
                return False
            return not is_aware or (moments[0].year >= 1970 and moments[0] <= latest)

        self._require(name, is_valid)
        return moments[0]

    def read_optional_moment(self, name: str, *, is_aware: bool) -> datetime | None:
        return None if self._found.get(name) is None else self.read_moment(name, is_aware=is_aware)

    def read_tags(self, name: str) -> list[str]:
        tags = self.get(name, list)
        is_valid = len(tags) <= _MAX_TAGS and all(isinstance(tag, str) for tag in tags)
        self._require(name, lambda: is_valid and all(_is_text(tag, _MAX_TAG_LENGTH) for tag in tags))
        return tags

    def read_checksum(self, name: str) -> str:
        value = self.get(name, str)
        self._require(name, lambda: len(value) == 64 and set(value) <= _HEX)
        return value

    def read_path(self, name: str, depth: int) -> str:
        """Return a relative path of `depth` parts, none of which leads elsewhere."""
        value = self.get(name, str)
        self._require(name, lambda: is_safe_path(value, depth=depth))
        return value

    def _require(self, name: str, is_valid: Callable[[], bool]) -> None:
        try:
            if is_valid():
                return
        except (ValueError, OverflowError):  # among them broken Unicode and dates that do not exist
            pass
        self._fail(name)

    def _fail(self, name: str) -> NoReturn:
        place = f"{self._place}.{name}" if name else self._place
        raise InvalidExport(_("metadata.json of this export has no valid value at %(place)s."), place=place)


def is_safe_path(path: str, *, depth: int) -> bool:
    """Return whether the path has so many parts and stays below its folder, on every system."""
    parts = path.split("/")
    is_plain = path.isprintable() and not {"\\", ":"} & set(path) and len(path.encode()) <= 1024
    return is_plain and len(parts) == depth and not any(part.strip(" .") == "" for part in parts)


def _is_text(text: str, max_length: int) -> bool:
    """Raises ValueError for broken Unicode."""
    text.encode()
    return len(text) <= max_length and "\x00" not in text


def _parse_collection(reader: _Reader) -> ExportedCollection:
    return ExportedCollection(
        folder=reader.read_path("folder", 1),
        name=reader.read_name("name", 100),
        description=reader.read_text("description", 2000),
        created_at=reader.read_moment("created_at", is_aware=True),
    )


def _parse_image(reader: _Reader) -> ExportedImage:
    taken_at = reader.read_optional_moment("taken_at", is_aware=False)
    offset = reader.get_optional("taken_offset_minutes", int)
    return ExportedImage(
        file=reader.read_path("file", 2),
        sha256=reader.read_checksum("sha256"),
        byte_size=reader.read_number("byte_size", 1, 2**50),
        original_name=clean_file_name(reader.read_text("original_name", 255)),
        title=reader.read_text("title", 200),
        description=reader.read_text("description", 2000),
        tags=reader.read_tags("tags"),
        taken_at=taken_at,
        taken_offset_minutes=(
            None if offset is None else reader.read_number("taken_offset_minutes", -_DAY_MINUTES, _DAY_MINUTES)
        ),
        has_taken_time=reader.get("has_taken_time", bool) if taken_at else None,
        date_edited_at=reader.read_optional_moment("date_edited_at", is_aware=True),
        created_at=reader.read_moment("created_at", is_aware=True),
        is_cover=reader.get("is_cover", bool),
        is_favourite=reader.get("is_favourite", bool),
    )


def _check_document(team: ExportedTeam) -> ExportedTeam:
    """Raise InvalidExport if names are repeated or a picture belongs to no collection."""
    folders = {each.folder for each in team.collections}
    names = {fold_name(each.name) for each in team.collections}
    files = {PurePosixPath(each.file) for each in team.images}
    if len(folders) < len(team.collections) or len(names) < len(team.collections) or len(files) < len(team.images):
        raise InvalidExport(_("metadata.json of this export names a collection or a file twice."))
    if not {each.folder for each in team.images} <= folders:
        raise InvalidExport(_("metadata.json of this export has pictures of a collection that it does not name."))
    return team
