"""The deep check: compares every vector with the checksum that was stored when the vector was computed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from collections_app.index import read_stored_vectors
from collections_app.models import Image
from collections_app.models.image import ImageQuerySet
from collections_app.services.indexing.entries import build_entry_or_none
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.indexing.rebuild import is_plausible

_CHUNK_SIZE = 1000


@dataclass(slots=True, kw_only=True)
class DeepReport:
    """`altered` are the ids of images whose vector has changed. `without_checksum` counts vectors from versions that
    stored no checksum; of these only the length is checked."""

    checked: int = 0
    without_checksum: int = 0
    altered: set[int] = field(default_factory=set)


def check_vectors(*, model: KeptModel, images: ImageQuerySet, reads_files: bool) -> DeepReport:
    """Check the vectors of these images in the index of a model. With `reads_files` also check the vectors in the
    embedded store's files, which its owner reads at its next start."""
    report = DeepReport()
    indexed = images.indexed().encoded_by(model.key, model.fields)
    last_id = 0
    while chunk := list(indexed.filter(pk__gt=last_id).order_by("pk").values_list("pk", flat=True)[:_CHUNK_SIZE]):
        last_id = chunk[-1]
        vectors = model.index.get_vectors(chunk)
        for image in indexed.filter(pk__in=vectors):
            report.checked += 1
            report.without_checksum += getattr(image, model.fields.checksum) is None
            if not is_plausible(model, image, vectors[image.pk]):
                report.altered.add(image.pk)
    if reads_files:
        report.altered.update(_find_altered_rows(model, indexed))
    return report


def _find_altered_rows(model: KeptModel, indexed: ImageQuerySet) -> Iterator[int]:
    """Yield the ids of images whose newest row in the files has another vector."""
    newest: dict[int, tuple[int, bool]] = {}
    for rows in read_stored_vectors(model_key=model.key):
        images = indexed.select_related("collection").in_bulk(rows.ids.tolist())
        for image_id, number, content, vector in zip(
            rows.ids.tolist(), rows.sequence_numbers.tolist(), rows.contents.tolist(), rows.vectors, strict=True
        ):
            image = images.get(image_id)
            if image and number >= newest.get(image_id, (0, True))[0]:
                is_good = not _is_row_of(image, content) or is_plausible(model, image, vector)
                newest[image_id] = (number, is_good)
    return (image_id for image_id, (_number, is_good) in newest.items() if not is_good)


def _is_row_of(image: Image, content: int) -> bool:
    entry = build_entry_or_none(image)
    return entry is not None and entry.content == content
