"""The demo's three collections."""

import io

import pytest
from PIL import ExifTags, Image

from collections_app.demo.gallery import DemoPicture, draw_picture, get_demo_collections

EVERY_TWELFTH = 12


def all_pictures() -> list[DemoPicture]:
    return [picture for collection in get_demo_collections() for picture in collection.pictures]


def has_white_dog(picture: DemoPicture) -> bool:
    return any((group.kind, group.colour) == ("dog", "white") for group in picture.scene.groups)


def test_gallery_has_three_collections_of_120_pictures() -> None:
    assert [len(collection.pictures) for collection in get_demo_collections()] == [120, 120, 120]
    assert len({collection.name for collection in get_demo_collections()}) == 3


def test_gallery_has_12_white_dogs_in_several_surroundings() -> None:
    dogs = [picture for picture in all_pictures() if has_white_dog(picture)]
    assert len(dogs) >= 12
    assert len({dog.scene.surrounding for dog in dogs}) >= 5


def test_file_names_differ_within_a_collection() -> None:
    for collection in get_demo_collections():
        assert len({picture.file_name for picture in collection.pictures}) == 120


def test_no_two_pictures_show_the_same_scene() -> None:
    assert len({picture.scene for picture in all_pictures()}) == 360


def test_no_two_white_dogs_have_the_same_bytes() -> None:
    dogs = [picture for picture in all_pictures() if has_white_dog(picture)]
    assert len({draw_picture(dog) for dog in dogs}) == len(dogs)


@pytest.mark.parametrize("picture", all_pictures()[::EVERY_TWELFTH], ids=lambda picture: picture.file_name)
def test_picture_is_a_reproducible_jpeg_of_the_stated_size(picture: DemoPicture) -> None:
    content = draw_picture(picture)
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size) == ("JPEG", (picture.width, picture.height))
    assert draw_picture(picture) == content


def test_pictures_were_taken_in_several_years_which_their_files_say() -> None:
    assert len({picture.taken_at.year for picture in all_pictures()}) >= 4
    picture = all_pictures()[0]
    exif = Image.open(io.BytesIO(draw_picture(picture))).getexif().get_ifd(ExifTags.IFD.Exif)
    assert exif[ExifTags.Base.DateTimeOriginal] == f"{picture.taken_at:%Y:%m:%d %H:%M:%S}"


def test_tags_state_the_facts() -> None:
    for picture in all_pictures():
        assert {group.kind for group in picture.scene.groups} <= set(picture.tags)
        assert picture.scene.surrounding in picture.tags
