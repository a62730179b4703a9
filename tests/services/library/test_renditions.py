"""Renditions: made once, found again, and gone with their picture."""

import pytest
from django.core.files.storage import default_storage
from PIL import Image as Pillow

from collections_app.errors import InvalidImage
from collections_app.models import Image
from collections_app.services.library.renditions import Rendition, open_rendition, rendition_name, rendition_size
from tests.sample_team import SampleTeam


def test_the_name_stands_beside_the_original() -> None:
    assert rendition_name("originals/ab/abc.png", Rendition.GRID) == "renditions/ab/abc-480.jpg"


@pytest.mark.parametrize("rendition", Rendition)
def test_a_rendition_is_made_on_first_use_and_as_large_as_foretold(sample: SampleTeam, rendition: Rendition) -> None:
    with open_rendition(image=sample.image, rendition=rendition) as file, Pillow.open(file) as picture:
        assert picture.format == "JPEG"
        assert picture.size == rendition_size(sample.image, rendition)


def test_a_rendition_is_made_once(sample: SampleTeam) -> None:
    open_rendition(image=sample.image, rendition=Rendition.GRID).close()
    default_storage.delete(sample.image.file_name)

    open_rendition(image=sample.image, rendition=Rendition.GRID).close()


def test_a_missing_original_is_told_from_a_broken_one(sample: SampleTeam) -> None:
    default_storage.delete(sample.image.file_name)
    with pytest.raises(FileNotFoundError):
        open_rendition(image=sample.image, rendition=Rendition.GRID)

    with default_storage.open(sample.image.file_name, "wb") as file:
        file.write(b"garbage")
    with pytest.raises(InvalidImage):
        open_rendition(image=sample.image, rendition=Rendition.GRID)


def test_a_rendition_made_while_its_picture_was_deleted_does_not_stay(sample: SampleTeam) -> None:
    """The original is there until the deletion is committed."""
    Image.objects.all().delete()

    with pytest.raises(FileNotFoundError):
        open_rendition(image=sample.image, rendition=Rendition.GRID)

    assert not default_storage.exists(rendition_name(sample.image.file_name, Rendition.GRID))
