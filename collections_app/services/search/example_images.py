"""Pictures shown as examples: judged like an upload, made into a vector, and thrown away."""

from typing import BinaryIO

import numpy as np

from collections_app.encoders import get_encoder
from collections_app.imaging import inspect_picture, make_thumbnail, open_picture
from collections_app.models import Example, User
from collections_app.services.uploads.ingest import upload_limits

MAX_KEPT = 20
_DECODED_EDGE_PX = 1024
_THUMBNAIL_EDGE_PX = 160


def keep_example(*, user: User, file: BinaryIO) -> Example:
    """Return the example, which lasts less than an hour; of one's older ones the newest few stay.

    Raises InvalidImage or EncoderError, with nothing stored.
    """
    inspect_picture(file, upload_limits())
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
    newest = Example.objects.filter(user=user).order_by("-created_at", "-pk").values("pk")[:MAX_KEPT]
    Example.objects.filter(user=user).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    forget_expired_examples()
    return example


def example_vector(example: Example) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the unit vector, float32, shape (dim,)."""
    return np.frombuffer(bytes(example.vector), dtype="<f4").astype(np.float32)


def forget_expired_examples() -> None:
    Example.objects.expired().delete()
