"""The storage backend for an S3 bucket. Django loads it by dotted path if STORAGE_URL is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from collections_app.errors import StorageUnavailable
from collections_app.errors import gettext_noop as _


class PrivateBucket(S3Storage):  # type: ignore[misc]
    """A bucket without public access. Raises FileNotFoundError for a missing file, otherwise StorageUnavailable."""

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """Fetch the whole file now, so every failure is raised here and not while the file is read."""
        with _translate_errors():
            file: File[bytes] = super()._open(name, mode)
            file.seek(0)
        return file

    def _save(self, name: str, content: File[bytes]) -> str:
        with _translate_errors():
            saved: str = super()._save(name, content)
        return saved

    def exists(self, name: str) -> bool:
        with _translate_errors():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with _translate_errors():
            super().delete(name)

    def listdir(self, name: str) -> Any:
        with _translate_errors():
            return super().listdir(name)


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        sentence = _("The picture storage can't be reached. Try again in a minute.")
        raise StorageUnavailable(sentence) from error
