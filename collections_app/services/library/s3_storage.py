"""The storage backend for an S3 bucket. Django loads it by dotted path if STORAGE_URL is set."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from http.client import HTTPException
from typing import IO, Any, TypeVar

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from collections_app.services.library.bounded_calls import BoundedCalls, make_storage_error

_MAX_CONNECTIONS = 32
_CONNECT_TIMEOUT_S = 5
# Each megabyte may add a second to the limit of a call.
_SLOWEST_BYTES_PER_S = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_MAX_DELETED = 1000
_FAILURES = (ClientError, BotoCoreError, Boto3Error, HTTPException, OSError)

_Returned = TypeVar("_Returned")


class PrivateBucket(S3Storage):  # type: ignore[misc]
    """A bucket without public access. Raises FileNotFoundError for a missing file, otherwise StorageUnavailable.

    A call takes at most STORAGE_TIMEOUT_S plus one second for each megabyte.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        timeout_s = settings.STORAGE_TIMEOUT_S
        limits = Config(
            connect_timeout=min(_CONNECT_TIMEOUT_S, timeout_s),
            read_timeout=timeout_s,
            retries={"mode": "standard", "total_max_attempts": 2},
            max_pool_connections=_MAX_CONNECTIONS,
            tcp_keepalive=True,
        )
        self.client_config: Config = self.client_config.merge(limits)
        self._calls = BoundedCalls(timeout_s=timeout_s)
        self._connection: Any = None
        self._connecting = threading.Lock()

    @property
    def connection(self) -> Any:
        """One connection for all threads: its client is thread-safe and has a pool of connections."""
        with self._connecting:
            if self._connection is None:
                self._connection = super().connection
            return self._connection

    def size(self, name: str) -> int:
        return self._run(lambda: int(super(PrivateBucket, self).size(name)))

    def exists(self, name: str) -> bool:
        return self._run(lambda: bool(super(PrivateBucket, self).exists(name)))

    def delete(self, name: str) -> None:
        self._run(lambda: super(PrivateBucket, self).delete(name))

    def delete_many(self, names: Sequence[str]) -> None:
        """Delete up to 1,000 files in one request. Where the server refuses that, delete them one by one."""
        for start in range(0, len(names), _MAX_DELETED):
            chunk = names[start : start + _MAX_DELETED]
            for name in self._run(partial(self._request_deletion, chunk)):
                self.delete(name)

    def listdir(self, name: str) -> Any:
        return self._run(lambda: super(PrivateBucket, self).listdir(name))

    def list_files(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `PictureStorage`. One request lists up to 1,000 files."""
        root = f"{self.location.strip('/')}/".lstrip("/")
        page: dict[str, Any] = {"Bucket": self.bucket_name, "Prefix": root + prefix}
        while True:
            listed = self._run(partial(self.connection.meta.client.list_objects_v2, **page))
            yield from ((found["Key"].removeprefix(root), int(found["Size"])) for found in listed.get("Contents", ()))
            if not listed.get("IsTruncated"):
                return
            page["ContinuationToken"] = listed["NextContinuationToken"]

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """Fetch the whole file now, so that every failure is raised here and not while the file is read."""
        if mode != "rb":
            raise ValueError(f"A stored file is opened to be read, not with mode {mode!r}.")
        found = self._run(lambda: self._request_object(name))
        extra_s = found["ContentLength"] / _SLOWEST_BYTES_PER_S
        return File(self._run(lambda: self._fetch_body(found), extra_s=extra_s), name)

    def _save(self, name: str, content: File[bytes]) -> str:
        extra_s = content.size / _SLOWEST_BYTES_PER_S
        return self._run(lambda: str(super(PrivateBucket, self)._save(name, content)), extra_s=extra_s)

    def _request_object(self, name: str) -> Any:
        key = self._normalize_name(name)
        try:
            return self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                raise FileNotFoundError(f"File does not exist: {key}") from error
            raise

    def _request_deletion(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names that the server did not delete."""
        named = {self._normalize_name(name): name for name in names}
        wanted = {"Objects": [{"Key": key} for key in named], "Quiet": True}
        try:
            deleted = self.connection.meta.client.delete_objects(Bucket=self.bucket_name, Delete=wanted)
        except ClientError:  # some servers have no such call, or want another checksum than boto3's
            return names
        return [named[error["Key"]] for error in deleted.get("Errors", [])]

    def _fetch_body(self, found: Any) -> IO[bytes]:
        folder = str(settings.FILE_UPLOAD_TEMP_DIR)
        file: IO[bytes] = tempfile.SpooledTemporaryFile(self.max_memory_size, dir=folder)  # noqa: SIM115
        with closing(found["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                file.write(chunk)
        file.seek(0)
        return file

    def _run(self, call: Callable[[], _Returned], *, extra_s: float = 0) -> _Returned:
        try:
            return self._calls.run(call, extra_s=extra_s)
        except FileNotFoundError:
            raise
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            self._calls.report_silence()
            raise make_storage_error() from error
        except _FAILURES as error:
            raise make_storage_error() from error
