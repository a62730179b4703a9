"""Drawn pictures and copies of them: smaller, recompressed, darker, cropped."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image as Pillow
from PIL import ImageEnhance

from collections_app.demo.drawing import draw_scene
from collections_app.demo.scenes import Group, Scene
from collections_app.encoders import get_encoder
from collections_app.models import Collection, Image, IndexJob, IndexState, User
from collections_app.services.indexing.entries import compute_vector_checksum
from collections_app.services.uploads.ingest import ingest_upload
from tests.picture_rows import store_vectors

SCENE = Scene(groups=(Group(kind="dog", colour="white"),), surrounding="grass", seed=11)
KINDS = ("boat", "house", "cat", "clock", "tree", "guitar")


def draw(scene: Scene = SCENE, size: tuple[int, int] = (320, 240)) -> Pillow.Image:
    return draw_scene(scene, *size)


def other_scenes() -> list[Scene]:
    places = ("sea", "snow", "room", "night", "desert", "sky")
    return [
        Scene(groups=(Group(kind=kind, colour="red"),), surrounding=place, seed=number)
        for number, (kind, place) in enumerate(zip(KINDS, places, strict=True))
    ]


def recoloured(scene: Scene = SCENE, colour: str = "brown") -> Scene:
    """The same drawing in another colour: nearly the same light and shade."""
    return replace(scene, groups=tuple(replace(group, colour=colour) for group in scene.groups))


def copies(picture: Pillow.Image) -> dict[str, Pillow.Image]:
    width, height = picture.size
    return {
        "smaller": picture.resize((width // 2, height // 2)),
        "recompressed": Pillow.open(io.BytesIO(jpeg(picture, 30))),
        "darker": ImageEnhance.Brightness(picture).enhance(0.8),
        "cropped": picture.crop((width // 100, height // 100, width - width // 100, height - height // 100)),
    }


def jpeg(picture: Pillow.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def put(collection: Collection, uploader: User, picture: Pillow.Image, name: str = "a.jpg", quality: int = 90) -> Image:
    file = io.BytesIO(jpeg(picture, quality))
    return ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader).image


def set_hash_and_vector(image: Image, *, value: int | None, vector: Sequence[float]) -> None:
    """Give an image a hash and a vector, filled up with zeros, as the worker does."""
    filled = np.zeros(get_encoder().dim, dtype=np.float32)
    filled[: len(vector)] = vector
    filled /= np.linalg.norm(filled)
    store_vectors([image], filled[np.newaxis])
    Image.objects.filter(pk=image.pk).record_index_state(
        index_state=IndexState.INDEXED,
        index_model_key=get_encoder().key,
        index_sha256=image.sha256,
        perceptual_hash=value,
        vector_checksum=compute_vector_checksum(filled),
    )
    IndexJob.objects.filter(image_id=image.pk).delete()
