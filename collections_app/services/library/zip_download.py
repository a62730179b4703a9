"""A zip of pictures, built while it is sent and never held as a whole in memory or on disk."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import PurePath
from zipfile import ZIP_STORED

from django.core.files import File
from zipstream import ZipStream

from collections_app.errors import InvalidImage
from collections_app.models import Image, Team, User
from collections_app.services.library.files import clean_file_name
from collections_app.services.library.renditions import Rendition, open_rendition

_CHUNK_BYTES = 64 * 1024


def stream_zip(*, image_ids: Sequence[int], user: User) -> Generator[bytes]:
    """Yield the archive's bytes. Access is checked before each file: a picture that the user may no longer see is
    skipped, and a closed account ends the archive.

    Members of a picture's team get the original, other people a JPEG without private metadata. Files that are missing
    from the storage are listed in missing.txt.
    """
    archive = ZipStream(compress_type=ZIP_STORED)
    names: set[str] = set()
    missing: list[str] = []
    for image_id in image_ids:
        if not User.objects.filter(pk=user.pk, is_active=True).exists():
            break
        image = Image.objects.visible_to(user).with_collection().filter(pk=image_id).first()
        if image is None:
            continue
        try:
            file, name = _open_file(image, user)
        except (FileNotFoundError, InvalidImage):
            missing.append(image.name)
            continue
        archive.add(_read(file), _make_unique(name, names))
        yield from archive.all_files()
    if missing:
        archive.add("\n".join(missing), _make_unique("missing.txt", names))
    yield from archive.finalize()


def _open_file(image: Image, user: User) -> tuple[File[bytes], str]:
    name = clean_file_name(image.original_name)
    if Team.objects.visible_to(user).filter(pk=image.collection.team_id).exists():
        return image.file.open("rb"), name
    return open_rendition(image=image, rendition=Rendition.FULL), f"{PurePath(name).stem}.jpg"


def _read(file: File[bytes]) -> Iterator[bytes]:
    with file:
        yield from file.chunks(_CHUNK_BYTES)


def _make_unique(name: str, taken: set[str]) -> str:
    """Return the name, with a number if it is taken. Case is ignored, as in the file systems of some computers."""
    path, number = PurePath(name), 2
    while name.casefold() in taken:
        name, number = f"{path.stem} ({number}){path.suffix}", number + 1
    taken.add(name.casefold())
    return name
