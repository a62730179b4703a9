"""Files in an S3 bucket. Django loads it by its dotted path where STORAGE_URL is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from collections_app.errors import StorageUnavailable
from collections_app.errors import gettext_noop as _


class PrivateBucket(S3Storage):  # type: ignore[misc]
    """Raises FileNotFoundError for what is not there, StorageUnavailable where the bucket cannot be asked."""

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """Fetched at once: whoever reads needs all of it, and every failure comes from here."""
        with _translated():
            file: File[bytes] = super()._open(name, mode)
            file.seek(0)
        return file

    def _save(self, name: str, content: File[bytes]) -> str:
        with _translated():
            saved: str = super()._save(name, content)
        return saved

    def exists(self, name: str) -> bool:
        with _translated():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        with _translated():
            super().delete(name)

    def listdir(self, name: str) -> Any:
        with _translated():
            return super().listdir(name)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        sentence = _("The pictures' storage cannot be reached just now. Try again in a minute.")
        raise StorageUnavailable(sentence) from error
