"""The vectors of a backup: one Parquet file for each team and model, so that a restore need not encode pictures.

Parquet is a format that other programs read, too. Vectors are read and written through the index's own interface, so
they go from the embedded store to a server and back.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collections_app.encoders import get_encoder
from collections_app.index import Record, Vector
from collections_app.models import Image, Team
from collections_app.models.image import ImageQuerySet
from collections_app.services.backup.manifest import Manifest, VectorPart, describe_part
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.entries import build_entry_or_none
from collections_app.services.indexing.rebuild import is_plausible
from collections_app.services.library.images import iterate_by_id

_CHUNK_SIZE = 1000


def write_vectors(folder: Path, *, using: str, on_vectors: Callable[[int], object]) -> list[VectorPart]:
    """Write the active model's vectors of the images in a snapshot. Raises IndexUnavailable or EncoderError.

    An image whose vector is missing or does not fit its checksum is left out: a restore encodes it.
    """
    parts = []
    for team_id in Team.objects.using(using).order_by("pk").values_list("pk", flat=True):
        images = Image.objects.using(using).indexed_by(get_encoder().key).filter(collection__team=team_id)
        if part := _write_team(folder, team_id, images, on_vectors):
            parts.append(part)
    return parts


def count_vectors(*, using: str) -> int:
    return Image.objects.using(using).indexed_by(get_encoder().key).count()


def count_restorable(manifest: Manifest) -> int:
    return sum(part.rows for part in _list_fitting(manifest))


def restore_vectors(folder: Path, manifest: Manifest, *, on_vectors: Callable[[int], object]) -> int:
    """Store the vectors of a backup that the active model has made; return how many. Vectors of others are left out.

    The entries are made of the restored rows. Raises IndexUnavailable or EncoderError.
    """
    restored = 0
    for part in _list_fitting(manifest):
        for batch in pq.ParquetFile(folder / part.path).iter_batches(_CHUNK_SIZE):
            vectors = batch.column("vector").flatten().to_numpy().reshape(-1, part.dim)
            restored += _restore_batch(batch.column("id").to_pylist(), batch.column("sha256").to_pylist(), vectors)
            on_vectors(len(batch))
    return restored


def _list_fitting(manifest: Manifest) -> list[VectorPart]:
    encoder = get_encoder()
    return [part for part in manifest.vectors if (part.model_key, part.dim) == (encoder.key, encoder.dim)]


def _write_team(
    folder: Path, team_id: int, images: ImageQuerySet, on_vectors: Callable[[int], object]
) -> VectorPart | None:
    encoder = get_encoder()
    path = folder / "vectors" / f"team-{team_id}-{sha256(encoder.key.encode()).hexdigest()[:16]}.parquet"
    chunks = iterate_by_id(images, size=_CHUNK_SIZE)
    first = next(chunks, None)
    if first is None:
        return None
    path.parent.mkdir(exist_ok=True)
    fields = [("id", pa.int64()), ("sha256", pa.string()), ("vector", pa.list_(pa.float32(), encoder.dim))]
    schema = pa.schema(fields, metadata={"model": encoder.key, "team": str(team_id)})
    count, chunk = 0, first
    with pq.ParquetWriter(path, schema) as writer:
        while chunk:
            count += _write_chunk(writer, schema, chunk)
            on_vectors(len(chunk))
            chunk = next(chunks, [])
    return VectorPart(**describe_part(folder, path, count), team_id=team_id, model_key=encoder.key, dim=encoder.dim)


def _write_chunk(writer: pq.ParquetWriter, schema: pa.Schema, images: Sequence[Image]) -> int:
    stored = get_active_index().get_vectors([image.pk for image in images])
    kept = [image for image in images if image.pk in stored and is_plausible(image, stored[image.pk])]
    if not kept:
        return 0
    numbers = np.concatenate([stored[image.pk] for image in kept]).astype(np.float32, copy=False)
    columns = [
        pa.array([image.pk for image in kept], pa.int64()),
        pa.array([image.index_sha256 for image in kept], pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.array(numbers), writer.schema.field("vector").type.list_size),
    ]
    writer.write_batch(pa.record_batch(columns, schema=schema))
    return len(kept)


def _restore_batch(ids: Sequence[int], checksums: Sequence[str], vectors: Vector) -> int:
    """Store the vectors of images that have the same file as when the vectors were made."""
    indexed = Image.objects.indexed_by(get_encoder().key).select_related("collection").in_bulk(ids)
    records = []
    for image_id, checksum, vector in zip(ids, checksums, vectors, strict=True):
        image = indexed.get(image_id)
        entry = build_entry_or_none(image) if image else None
        if image and entry and image.sha256 == checksum and is_plausible(image, vector):
            records.append(Record(entry=entry, vector=vector))
    get_active_index().upsert(records)
    return len(records)
