"""Uploaded example pictures: checked like an upload, encoded, and deleted within the hour."""

from typing import BinaryIO

import numpy as np

from collections_app.encoders import get_encoder
from collections_app.imaging import inspect_picture, make_thumbnail, open_picture
from collections_app.index import Vector
from collections_app.models import Example, User
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
    encoder = get_encoder()
    vector = encoder.encode_images([picture])[0]
    example = Example.objects.create(
        user=user,
        model_key=encoder.key,
        vector=vector.astype("<f4").tobytes(),
        thumbnail=make_thumbnail(picture, edge_px=_THUMBNAIL_EDGE_PX),
    )
    newest = Example.objects.filter(user=user).order_by("-created_at", "-pk").values("pk")[:MAX_EXAMPLES]
    Example.objects.filter(user=user).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    delete_expired_examples()
    return example


def read_vector(example: Example) -> Vector:
    """Return the unit vector, float32, shape (dim,)."""
    return np.frombuffer(bytes(example.vector), dtype="<f4").astype(np.float32)


def delete_expired_examples() -> None:
    Example.objects.expired().delete()
