"""Drawn scenes as files to upload."""

from pathlib import Path

from collections_app.demo.gallery import draw_picture, get_demo_collections


def write_scenes(folder: Path) -> list[Path]:
    """Write two white dogs and four other animals, dogs first; return their files."""
    animals = get_demo_collections()[0].pictures
    dogs = [each for each in animals if each.title.startswith("A white dog")][:2]
    others = [each for each in animals if "dog" not in each.title and "white" not in each.title][:4]
    files = []
    for picture in (*dogs, *others):
        files.append(folder / picture.file_name)
        files[-1].write_bytes(draw_picture(picture))
    return files
