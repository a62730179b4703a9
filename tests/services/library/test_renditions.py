"""Renditions: made once, reused, and deleted with their picture."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Pillow

from collections_app.errors import InvalidImage
from collections_app.models import Image
from collections_app.services.library.renditions import (
    Rendition,
    build_rendition_name,
    compute_rendition_size,
    open_rendition,
)
from tests.sample_team import SampleTeam


def test_rendition_is_stored_beside_the_original() -> None:
    assert build_rendition_name("originals/ab/abc.png", Rendition.GRID) == "renditions/ab/abc-480.jpg"


@pytest.mark.parametrize("rendition", Rendition)
def test_rendition_is_made_on_first_use_with_the_predicted_size(sample: SampleTeam, rendition: Rendition) -> None:
    with open_rendition(image=sample.image, rendition=rendition) as file, Pillow.open(file) as picture:
        assert picture.format == "JPEG"
        assert picture.size == compute_rendition_size(sample.image, rendition)


def test_a_huge_picture_is_shared_reduced(sample: SampleTeam) -> None:
    huge = Image(width=16_320, height=12_240)
    width, height = compute_rendition_size(huge, Rendition.FULL)
    assert 47_900_000 < width * height <= 48_100_000
    assert compute_rendition_size(huge, Rendition.GRID) == (480, 360)


def test_a_rendition_is_made_once(sample: SampleTeam) -> None:
    with open_rendition(image=sample.image, rendition=Rendition.GRID) as first:
        content = first.read()
    default_storage.delete(sample.image.file_name)

    with open_rendition(image=sample.image, rendition=Rendition.GRID) as second:
        assert second.read() == content


def test_missing_original_is_distinguished_from_a_broken_one(sample: SampleTeam) -> None:
    default_storage.delete(sample.image.file_name)
    with pytest.raises(FileNotFoundError):
        open_rendition(image=sample.image, rendition=Rendition.GRID)

    default_storage.save(sample.image.file_name, ContentFile(b"garbage"))
    with pytest.raises(InvalidImage):
        open_rendition(image=sample.image, rendition=Rendition.GRID)


def test_rendition_made_during_the_deletion_is_removed(sample: SampleTeam) -> None:
    """The original exists until the deletion is committed."""
    Image.objects.all().delete()

    with pytest.raises(FileNotFoundError):
        open_rendition(image=sample.image, rendition=Rendition.GRID)

    assert not default_storage.exists(build_rendition_name(sample.image.file_name, Rendition.GRID))
