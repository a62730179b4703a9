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

from collections_app.models import Image, Team
from collections_app.models.image import ImageQuerySet
from collections_app.services.backup.manifest import Manifest, VectorPart, describe_part
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models
from collections_app.services.indexing.rebuild import is_plausible, store_vectors
from collections_app.services.library.images import iterate_by_id

_CHUNK_SIZE = 1000


def write_vectors(folder: Path, *, using: str, on_vectors: Callable[[int], object]) -> list[VectorPart]:
    """Write the vectors of the images in a snapshot, by each model that is kept in it. Raises IndexUnavailable or
    EncoderError.

    An image whose vector is missing or does not fit its checksum is left out: a restore encodes it.
    """
    parts = []
    models = read_kept_models(using=using)
    for team_id in Team.objects.using(using).order_by("pk").values_list("pk", flat=True):
        for model in models:
            images = _select_encoded(model, using=using).filter(collection__team=team_id)
            if part := _write_team(folder, model, team_id, images, on_vectors):
                parts.append(part)
    return parts


def count_vectors(*, using: str) -> int:
    return sum(_select_encoded(model, using=using).count() for model in read_kept_models(using=using))


def count_restorable(manifest: Manifest) -> int:
    return sum(part.rows for part, _model in _list_fitting(manifest))


def restore_vectors(folder: Path, manifest: Manifest, *, on_vectors: Callable[[int], object]) -> int:
    """Store the vectors of a backup by the models that its rows keep; return how many. Those of others are left out.

    The entries are made of the restored rows. Raises IndexUnavailable or EncoderError.
    """
    restored = 0
    for part, model in _list_fitting(manifest):
        for batch in pq.ParquetFile(folder / part.path).iter_batches(_CHUNK_SIZE):
            vectors = batch.column("vector").flatten().to_numpy().reshape(-1, part.dim)
            ids, checksums = batch.column("id").to_pylist(), batch.column("sha256").to_pylist()
            restored += store_vectors(model, ids, vectors, files=checksums, get_file=lambda image, _entry: image.sha256)
            on_vectors(len(batch))
    return restored


def _select_encoded(model: KeptModel, *, using: str) -> ImageQuerySet:
    return Image.objects.using(using).indexed().encoded_by(model.key, model.fields)


def _list_fitting(manifest: Manifest) -> list[tuple[VectorPart, KeptModel]]:
    models = {(model.key, model.row.dim): model for model in read_kept_models()}
    keys = [(part, (part.model_key, part.dim)) for part in manifest.vectors]
    return [(part, models[key]) for part, key in keys if key in models]


def _write_team(
    folder: Path, model: KeptModel, team_id: int, images: ImageQuerySet, on_vectors: Callable[[int], object]
) -> VectorPart | None:
    path = folder / "vectors" / f"team-{team_id}-{sha256(model.key.encode()).hexdigest()[:16]}.parquet"
    chunks = iterate_by_id(images, size=_CHUNK_SIZE)
    first = next(chunks, None)
    if first is None:
        return None
    path.parent.mkdir(exist_ok=True)
    fields = [("id", pa.int64()), ("sha256", pa.string()), ("vector", pa.list_(pa.float32(), model.row.dim))]
    schema = pa.schema(fields, metadata={"model": model.key, "team": str(team_id)})
    count, chunk = 0, first
    with pq.ParquetWriter(path, schema) as writer:
        while chunk:
            count += _write_chunk(writer, schema, model, chunk)
            on_vectors(len(chunk))
            chunk = next(chunks, [])
    return VectorPart(**describe_part(folder, path, count), team_id=team_id, model_key=model.key, dim=model.row.dim)


def _write_chunk(writer: pq.ParquetWriter, schema: pa.Schema, model: KeptModel, images: Sequence[Image]) -> int:
    stored = model.index.get_vectors([image.pk for image in images])
    kept = [image for image in images if image.pk in stored and is_plausible(model, image, stored[image.pk])]
    if not kept:
        return 0
    numbers = np.concatenate([stored[image.pk] for image in kept]).astype(np.float32, copy=False)
    columns = [
        pa.array([image.pk for image in kept], pa.int64()),
        pa.array([getattr(image, model.fields.sha256) for image in kept], pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.array(numbers), writer.schema.field("vector").type.list_size),
    ]
    writer.write_batch(pa.record_batch(columns, schema=schema))
    return len(kept)
