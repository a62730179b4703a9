"""Errors of pymilvus and gRPC, translated into ours."""

import errno
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
from pymilvus import MilvusException
from pymilvus.client.types import Status
from pymilvus.exceptions import DataNotMatchException, ErrorCode, ParamError, PrimaryKeyException

from collections_app.errors import IndexDamaged, IndexRefused, IndexUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index.store_files import find_damage

log = logging.getLogger(__name__)

_MISSING_PARTITION = 200
_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
# Milvus Lite's thread pool rejects work when its process ends. Another process soon serves the store.
_ENDING_OWNER = "cannot schedule new futures"
# pymilvus raises these before it sends anything.
_WRONG_INPUT = (DataNotMatchException, ParamError, PrimaryKeyException)
# Milvus Lite's "illegal argument", and a server's codes for an invalid parameter.
_WRONG_ARGUMENT = {6, *range(1100, 1200), grpc.StatusCode.INVALID_ARGUMENT}
# Milvus Lite includes the system's reason in its message.
_SYSTEM_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE)
_LOG_AGAIN_S = 60.0
_logged: dict[str, float] = {}


def make_unavailable(cause: BaseException | None = None) -> IndexUnavailable:
    """Return the error, and log its cause."""
    if cause is not None:
        _log_cause("The index can't be reached", cause)
    return IndexUnavailable(_("The search index can't be reached right now. Try again in a minute."))


def explain_opening_error(error: Exception, store: Path) -> IndexUnavailable:
    """Return IndexDamaged if the embedded store's files cannot be understood, otherwise why they cannot be opened."""
    if isinstance(error, OSError) and error.errno and not store.is_file():
        return _make_system_error(error.errno, error)
    damage = find_damage(store)
    _log_cause(f"The embedded store is damaged: {damage or store}", error)
    return _make_damaged()


def explain_embedded_error(error: Exception, store: Path) -> IndexUnavailable:
    """Translate an error that the owner of the embedded store reports. Check the files if the error is unspecific."""
    number = next((each for each in _SYSTEM_ERRORS if os.strerror(each) in str(error)), 0)
    if number:
        return _make_system_error(number, error)
    translated = translate_error(error)
    if not isinstance(translated, IndexRefused) and (damage := find_damage(store)):
        _log_cause(f"The embedded store is damaged: {damage}", error)
        return _make_damaged()
    return translated


def translate_error(error: Exception) -> IndexUnavailable:
    """Return IndexRefused for a request that Milvus will never accept, IndexUnavailable for everything else.

    A refused picture fails for good. So an unknown code (a full disk of Milvus Lite, a server that is starting) counts
    as unavailable.
    """
    if _is_full(error):
        log.warning("Milvus allows fewer partitions in a collection than MILVUS_MAX_PARTITIONS: %s", error)
        return IndexRefused(_("The search index is full. Ask an administrator."))
    if isinstance(error, _WRONG_INPUT) or _get_code(error) in _WRONG_ARGUMENT:
        log.warning("Milvus refuses a request: %s", error)
        return IndexRefused(_("The search index doesn't accept this. Ask an administrator."))
    return make_unavailable(error)


def is_disconnect(error: BaseException) -> bool:
    """Return whether the connection was lost, so that the call may succeed on a new one."""
    return any(map(_is_lost, _iterate_causes(error)))


def is_silence(error: Exception) -> bool:
    """Return whether Milvus has not answered in time."""
    return any(_get_code(each) == grpc.StatusCode.DEADLINE_EXCEEDED for each in _iterate_causes(error))


def is_missing(error: MilvusException) -> bool:
    """Return whether the Milvus collection or a partition named in the call does not exist."""
    if error.code in (ErrorCode.COLLECTION_NOT_FOUND, _MISSING_PARTITION):
        return True
    # A server's error for a search has no code of its own.
    return "partition name" in error.message and "not found" in error.message


def _make_damaged() -> IndexDamaged:
    return IndexDamaged(_("The search index is damaged. An administrator rebuilds it with manage.py reindex."))


def _make_system_error(number: int, error: Exception) -> IndexUnavailable:
    _log_cause("The embedded store can't be read or written", error)
    sentence = _("The search index can't be read or written: %(reason)s. Ask an administrator.")
    return IndexUnavailable(sentence, reason=os.strerror(number))


def _log_cause(text: str, cause: BaseException) -> None:
    """Log a cause at most once a minute, because every search of a broken index has the same cause."""
    line = f"{text}: {type(cause).__name__}: {cause}"
    now = time.monotonic()
    if now - _logged.get(line, -_LOG_AGAIN_S) >= _LOG_AGAIN_S:
        if len(_logged) > 100:
            _logged.clear()
        _logged[line] = now
        log.error("%s", line)


def _iterate_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        # pymilvus raises some errors "from" themselves.
        cause = cause.__cause__ if cause.__cause__ is not cause else None


def _is_lost(error: BaseException) -> bool:
    if isinstance(error, grpc.RpcError):
        return error.code() in _LOST
    if isinstance(error, MilvusException):
        return error.code in (Status.CONNECT_FAILED, *_LOST) or _ENDING_OWNER in error.message
    return isinstance(error, ValueError) and "closed channel" in str(error)


def _is_full(error: Exception) -> bool:
    return "max partition" in str(error) or "partition number" in str(error)


def _get_code(error: BaseException) -> object:
    return error.code() if isinstance(error, grpc.RpcError) else getattr(error, "code", None)
