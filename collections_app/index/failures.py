"""Errors of pymilvus and gRPC, translated into ours."""

import logging
from collections.abc import Iterator

import grpc
from pymilvus import MilvusException
from pymilvus.client.types import Status
from pymilvus.exceptions import DataNotMatchException, ErrorCode, ParamError, PrimaryKeyException

from collections_app.errors import IndexRefused, IndexUnavailable
from collections_app.errors import gettext_noop as _

log = logging.getLogger(__name__)

_MISSING_PARTITION = 200
_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
# Milvus Lite's thread pool rejects work when its process ends: another process serves the store in a moment.
_ENDING_OWNER = "cannot schedule new futures"
# pymilvus raises these before it sends anything.
_WRONG_INPUT = (DataNotMatchException, ParamError, PrimaryKeyException)
# Milvus Lite's "illegal argument", and a server's codes for an invalid parameter.
_WRONG_ARGUMENT = {6, *range(1100, 1200), grpc.StatusCode.INVALID_ARGUMENT}


def make_unavailable() -> IndexUnavailable:
    return IndexUnavailable(_("The search index can't be reached right now. Try again in a minute."))


def translate_error(error: Exception) -> IndexUnavailable:
    """Return IndexRefused for a request that Milvus will never accept, IndexUnavailable for everything else.

    A refused picture fails for good. So an unknown code (a full disk of Milvus Lite, a server that is starting) counts
    as unavailable.
    """
    if _is_full(error):
        log.warning("Milvus holds no more than 1,024 partitions, one for each team: %s", error)
        return IndexRefused(_("The search index is full. Ask an administrator."))
    if isinstance(error, _WRONG_INPUT) or _get_code(error) in _WRONG_ARGUMENT:
        log.warning("Milvus refuses a request: %s", error)
        return IndexRefused(_("The search index doesn't accept this. Ask an administrator."))
    return make_unavailable()


def is_disconnect(error: BaseException) -> bool:
    """Return whether the connection was lost, so that the call may succeed on a new one."""
    return any(map(_is_lost, _iterate_causes(error)))


def is_missing(error: MilvusException) -> bool:
    """Return whether the Milvus collection or a partition named in the call does not exist."""
    if error.code in (ErrorCode.COLLECTION_NOT_FOUND, _MISSING_PARTITION):
        return True
    # A server's error for a search has no code of its own.
    return "partition name" in error.message and "not found" in error.message


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


def _get_code(error: Exception) -> object:
    return error.code() if isinstance(error, grpc.RpcError) else getattr(error, "code", None)
