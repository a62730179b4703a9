"""Replacing a damaged embedded store by a new one with the vectors that can still be read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from collections_app.index import Entry, Record, StoredVectors, Vector, is_unit, read_stored_vectors, set_store_aside
from collections_app.models import Image
from collections_app.services.indexing.entries import build_entry_or_none, compute_vector_checksum
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models

_File = TypeVar("_File")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """`aside` is the folder of the damaged files, `restored` the number of vectors read from them."""

    aside: Path
    size_bytes: int
    restored: int


def rebuild_store() -> Rebuild | None:
    """Set the embedded store aside, start a new one, and store the readable vectors of the kept models in it.

    Nothing is deleted. An audit can then queue the pictures whose vectors could not be read. Returns None without a
    store. Raises IndexUnavailable if a process keeps the store open.
    """
    aside = set_store_aside()
    if aside is None:
        return None
    models = read_kept_models()
    restored = sum(_restore(each, rows) for each in models for rows in read_stored_vectors(aside, model_key=each.key))
    size = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
    return Rebuild(aside=aside, size_bytes=size, restored=restored)


def is_plausible(model: KeptModel, image: Image, vector: Vector) -> bool:
    """Return whether this can be the image's vector of the model: it has unit length and, if one is stored, the right
    checksum."""
    return is_unit(vector) and getattr(image, model.fields.checksum) in (None, compute_vector_checksum(vector))


def store_vectors(
    model: KeptModel,
    ids: Sequence[int],
    vectors: Vector,
    *,
    files: Sequence[_File],
    get_file: Callable[[Image, Entry], _File],
) -> int:
    """Store the vectors of images that the model has encoded and whose file has not changed since; return how many.

    `files` tells for each vector of which file it was made, and `get_file` which file the image has now.
    """
    images = Image.objects.indexed().encoded_by(model.key, model.fields).select_related("collection").in_bulk(ids)
    records = []
    for image_id, vector, file in zip(ids, vectors, files, strict=True):
        image = images.get(image_id)
        entry = build_entry_or_none(image) if image else None
        if image and entry and get_file(image, entry) == file and is_plausible(model, image, vector):
            records.append(Record(entry=entry, vector=vector))
    model.index.upsert(records)
    return len({record.entry.id for record in records})


def _restore(model: KeptModel, rows: StoredVectors) -> int:
    if rows.vectors.shape[1:] != (model.row.dim,):
        return 0
    contents = rows.contents.tolist()
    return store_vectors(
        model, rows.ids.tolist(), rows.vectors, files=contents, get_file=lambda _image, entry: entry.content
    )
