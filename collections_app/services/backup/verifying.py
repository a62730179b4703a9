"""Comparing rows, stored files, thumbnails and index of a site.

Files and rows are read in sixteen parts, by the first digit of the random names, so that memory is bounded. Files are
listed before the rows are read, and what differs is looked at again, because the site goes on meanwhile.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.storage import default_storage

from collections_app.models import ArchiveImport, GuestUpload, Image, IndexJob, PendingFile
from collections_app.models.image import ImageQuerySet
from collections_app.services.backup.stored_files import THREADS, SavedFile, hash_stored
from collections_app.services.indexing.audit import IndexReport, audit_index
from collections_app.services.indexing.deep_check import check_vectors
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models
from collections_app.services.library.files import get_picture_storage
from collections_app.services.library.images import iterate_by_id
from collections_app.services.library.renditions import Rendition, build_rendition_name, has_rendition

_PREFIXES = tuple(f"originals/{digit}" for digit in "0123456789abcdef")


@dataclass(slots=True, kw_only=True)
class FilesReport:
    """Files that differ from the rows. `unknown` files belong to no row, `stray` renditions to no original."""

    checked: int = 0
    missing: list[SavedFile] = field(default_factory=list)
    damaged: list[SavedFile] = field(default_factory=list)
    without_thumbnail: list[int] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)

    @property
    def is_consistent(self) -> bool:
        return not (self.missing or self.damaged or self.without_thumbnail or self.unknown or self.stray)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """One model's index. `altered` are the ids of images whose vector has changed; only a deep check finds them."""

    audit: IndexReport
    altered: frozenset[int]

    @property
    def is_consistent(self) -> bool:
        return self.audit.is_consistent and not self.altered


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteIndexReport:
    """The indexes of all kept models. The numbers of vectors and differences are sums; see also `IndexReport`."""

    models: Sequence[ModelReport]

    @property
    def is_consistent(self) -> bool:
        return all(each.is_consistent for each in self.models)

    @property
    def image_count(self) -> int:
        return max(each.audit.image_count for each in self.models)

    @property
    def vector_count(self) -> int:
        return sum(each.audit.vectors for each in self.models)

    @property
    def difference_count(self) -> int:
        return sum(len(each.audit.differences) for each in self.models)

    @property
    def unprepared_count(self) -> int:
        return sum(each.audit.unprepared for each in self.models)

    @property
    def altered_count(self) -> int:
        return sum(len(each.altered) for each in self.models)


def verify_files(*, deep: bool, on_files: Callable[[int], object] = lambda _count: None) -> FilesReport:
    """Compare each row with its file: that it is there, its size and, with `deep`, its checksum; and the other way.

    Raises StorageUnavailable.
    """
    with ThreadPoolExecutor(THREADS) as threads:
        check = _FilesCheck(report=FilesReport(), deep=deep, threads=threads, on_files=on_files)
        check.verify_images(_select_others(), {}, set())
        for prefix in _PREFIXES:
            check.verify_originals(prefix)
        check.verify_waiting()
        return check.report


def verify_index(*, deep: bool) -> SiteIndexReport:
    """Compare database and index as `reindex --check` does. Raises IndexUnavailable or EncoderError."""
    return SiteIndexReport(models=[_verify_model(model, deep) for model in read_kept_models()])


def _verify_model(model: KeptModel, deep: bool) -> ModelReport:
    audit = audit_index(model=model, images=Image.objects.all(), covers_all_images=True)
    altered: Iterable[int] = ()
    if deep:
        altered = check_vectors(model=model, images=Image.objects.all(), reads_files=not settings.MILVUS_URI).altered
    return ModelReport(audit=audit, altered=frozenset(altered))


@dataclass(frozen=True, slots=True, kw_only=True)
class _FilesCheck:
    report: FilesReport
    deep: bool
    threads: ThreadPoolExecutor
    on_files: Callable[[int], object]

    def verify_originals(self, prefix: str) -> None:
        storage = get_picture_storage()
        stored = dict(storage.list_files(prefix))
        renditions = {name for name, _size in storage.list_files(prefix.replace("originals", "renditions"))}
        known = set(_list_pending(prefix))
        known |= self.verify_images(Image.objects.filter(file__startswith=prefix), stored, renditions)
        known.update(IndexJob.objects.filter(file_name__startswith=prefix).values_list("file_name", flat=True))
        self.report.unknown += _list_existing(stored.keys() - known)
        owners = {_get_owner(name) for name in known | stored.keys()}
        owners.update(map(_get_owner, _select_others().values_list("file", flat=True)))
        self.report.stray += _list_existing(name for name in renditions if _get_rendition_owner(name) not in owners)

    def verify_images(self, images: ImageQuerySet, stored: dict[str, int], renditions: set[str]) -> set[str]:
        """Compare the images with the stored files, name to size, and the renditions; return the names of files."""
        names: set[str] = set()
        for chunk in iterate_by_id(images):
            files = {image.pk: _describe_file(image) for image in chunk}
            names.update(file.name for file in files.values())
            differing = self._compare(list(files.values()), stored)
            if differing:
                existing = set(Image.objects.filter(pk__in=files).values_list("file", flat=True))
                self._report(file for file in differing if file[0].name in existing)
            for image in chunk:
                if image.is_indexed and _is_thumbnail_missing(image, renditions):
                    self.report.without_thumbnail.append(image.pk)
        return names

    def verify_waiting(self) -> None:
        """Compare the pictures of guests that wait for approval, and the ZIP files that wait to be unpacked."""
        storage = get_picture_storage()
        stored = {**dict(storage.list_files("guests/")), **dict(storage.list_files("archives/"))}
        known = {*_list_pending("guests/"), *_list_pending("archives/")}
        waiting = [*map(_describe_file, GuestUpload.objects.all())]
        waiting += map(_describe_file, ArchiveImport.objects.unfinished())
        self._report(self._compare(waiting, stored))
        known.update(file.name for file in waiting)
        known.update(ArchiveImport.objects.exclude(file_name="").values_list("file_name", flat=True))
        self.report.unknown += _list_existing(stored.keys() - known)

    def _compare(self, files: Sequence[SavedFile], stored: dict[str, int]) -> list[tuple[SavedFile, bool]]:
        """Return the files that differ from what is stored, each with whether it is missing."""
        states = self.threads.map(partial(_is_missing, stored=stored, deep=self.deep), files)
        differing = [(file, state) for file, state in zip(files, states, strict=True) if state is not None]
        self.report.checked += len(files)
        self.on_files(len(files))
        return differing

    def _report(self, differing: Iterable[tuple[SavedFile, bool]]) -> None:
        for file, is_missing in differing:
            (self.report.missing if is_missing else self.report.damaged).append(file)


def _is_missing(file: SavedFile, *, stored: dict[str, int], deep: bool) -> bool | None:
    """Return True for a missing file, False for one with other bytes, None for one that is right. Uses no database."""
    try:
        size = stored[file.name] if file.name in stored else default_storage.size(file.name)
        if size != file.byte_size or (deep and file.sha256 and hash_stored(file.name) != file.sha256):
            return False
    except FileNotFoundError:
        return True
    return None


def _describe_file(row: Image | GuestUpload | ArchiveImport) -> SavedFile:
    """An archive has no checksum."""
    return SavedFile(name=row.file_name, byte_size=row.byte_size, sha256=getattr(row, "sha256", ""), path=row.file_name)


def _is_thumbnail_missing(image: Image, renditions: set[str]) -> bool:
    if build_rendition_name(image.file_name, Rendition.GRID) in renditions:
        return False
    is_missing = not has_rendition(image=image, rendition=Rendition.GRID)
    return is_missing and bool(default_storage.exists(image.file_name))


def _select_others() -> ImageQuerySet:
    """Images whose files have names of another form, such as those of early versions."""
    others = Image.objects.all()
    for prefix in _PREFIXES:
        others = others.exclude(file__startswith=prefix)
    return others


def _list_pending(prefix: str) -> list[str]:
    return list(PendingFile.objects.filter(file_name__startswith=prefix).values_list("file_name", flat=True))


def _list_existing(names: Iterable[str]) -> list[str]:
    """Leave out what was deleted meanwhile."""
    return [name for name in sorted(names) if default_storage.exists(name)]


def _get_owner(name: str) -> tuple[str, str]:
    """Return what an original and its renditions have in common."""
    path = PurePosixPath(name)
    return path.parent.name, path.stem


def _get_rendition_owner(name: str) -> tuple[str, str]:
    path = PurePosixPath(name)
    return path.parent.name, path.stem.rpartition("-")[0]
