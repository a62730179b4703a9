"""Assertion of I1: the index of every kept model holds exactly one vector for every row, in its team's partition."""

from collections_app.index import Entry, VectorIndex
from collections_app.models import Image
from collections_app.services.indexing.entries import build_entry, compute_vector_checksum
from collections_app.services.indexing.kept_models import get_active_model, read_kept_models


def indexed_entries(index: VectorIndex | None = None) -> list[Entry]:
    entries = (index or get_active_model().index).iterate_entries()
    return sorted(entries, key=lambda entry: (entry.id, entry.team_id))


def expected_entries() -> list[Entry]:
    return [build_entry(image) for image in Image.objects.select_related("collection").order_by("pk")]


def assert_index_agrees() -> None:
    """Each vector is the one that the model of the index has made."""
    images = list(Image.objects.all())
    for model in read_kept_models():
        assert indexed_entries(model.index) == expected_entries(), model.name
        vectors = model.index.get_vectors([image.pk for image in images])
        for image in images:
            assert image.has_vector_of(model.key, model.fields), model.name
            assert getattr(image, model.fields.checksum) == compute_vector_checksum(vectors[image.pk]), model.name
