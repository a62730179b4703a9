"""Uploaded example pictures: checked like an upload, encoded, and deleted within the hour."""

from typing import BinaryIO

import numpy as np

from collections_app.encoders import is_model_ready
from collections_app.imaging import inspect_picture, make_thumbnail, open_picture
from collections_app.index import Vector
from collections_app.models import Example, User
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models, select_search_model
from collections_app.services.uploads.ingest import get_upload_limits

MAX_EXAMPLES = 20
_DECODED_EDGE_PX = 1024
_THUMBNAIL_EDGE_PX = 160


def store_example(*, user: User, file: BinaryIO) -> Example:
    """Store an example that lasts less than an hour; the user's newest MAX_EXAMPLES remain.

    Raises InvalidImage or EncoderError, with nothing stored.
    """
    inspect_picture(file, get_upload_limits())
    file.seek(0)
    picture = open_picture(file, max_edge_px=_DECODED_EDGE_PX)
    vectors = {each.key: each.encoder.encode_images([picture])[0].astype("<f4").tobytes() for each in _select_models()}
    (model_key, vector), *others = vectors.items()
    second_key, second = others[0] if others else ("", None)
    example = Example.objects.create(
        user=user,
        model_key=model_key,
        vector=vector,
        second_model_key=second_key,
        second_vector=second,
        thumbnail=make_thumbnail(picture, edge_px=_THUMBNAIL_EDGE_PX),
    )
    newest = Example.objects.filter(user=user).order_by("-created_at", "-pk").values("pk")[:MAX_EXAMPLES]
    Example.objects.filter(user=user).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    delete_expired_examples()
    return example


def read_vector(example: Example, *, model_key: str) -> Vector | None:
    """Return the unit vector by a model, float32, shape (dim,), or None."""
    stored = example.vectors.get(model_key)
    return None if stored is None else np.frombuffer(stored, dtype="<f4").astype(np.float32)


def _select_models() -> list[KeptModel]:
    """Return the models that a search may use within the hour: also the one that is ready for a switch."""
    first = select_search_model()
    kept = [each for each in read_kept_models() if not each.is_being_prepared and is_model_ready(each.spec)]
    return [first, *(each for each in kept if each.key != first.key)]


def delete_expired_examples() -> None:
    Example.objects.expired().delete()
