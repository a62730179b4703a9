"""What pymilvus and gRPC raise, translated once into our own error."""

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


# What pymilvus itself finds wrong before it sends anything.
_WRONG_INPUT = (DataNotMatchException, ParamError, PrimaryKeyException)
# Milvus Lite's "illegal argument", and what a server calls an invalid parameter.
_WRONG_ARGUMENT = {6, *range(1100, 1200), grpc.StatusCode.INVALID_ARGUMENT}


def unavailable(error: Exception) -> IndexUnavailable:
    """Translate what kept us from granting_access_to Milvus."""
    return IndexUnavailable(_("The search index cannot be reached right now. Please try again in a minute."))


def refused_or_unavailable(error: Exception) -> IndexUnavailable:
    """Translate what Milvus answered, or what happened on the way.

    A refusal is only what Milvus surely would say again of this very request, and not of others: an unknown answer
    (a full disk of Milvus Lite, a server that is starting) is waited out, since a refused picture fails for good.
    """
    if _is_full(error):
        return IndexRefused(_("The search index has no room for another team (Milvus holds 1,024 partitions)."))
    if isinstance(error, _WRONG_INPUT) or _code(error) in _WRONG_ARGUMENT:
        log.warning("Milvus refuses a request: %s", error)
        return IndexRefused(_("The search index does not accept this. The site's log says why."))
    return unavailable(error)


def is_disconnect(error: BaseException) -> bool:
    """Tell a lost connection, where the same call may succeed on a new one, from a refusal or a timeout."""
    return any(map(_means_lost, _causes(error)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        # pymilvus raises "from" the very same error.
        cause = cause.__cause__ if cause.__cause__ is not cause else None


def _means_lost(error: BaseException) -> bool:
    if isinstance(error, grpc.RpcError):
        return error.code() in _LOST
    if isinstance(error, MilvusException):
        return error.code in (Status.CONNECT_FAILED, *_LOST)
    return isinstance(error, ValueError) and "closed channel" in str(error)


def is_missing(error: MilvusException) -> bool:
    """Tell whether the Milvus collection or a partition named in the call is not there (any more)."""
    if error.code in (ErrorCode.COLLECTION_NOT_FOUND, _MISSING_PARTITION):
        return True
    # A server's answer to a search has no code of its own.
    return "partition name" in error.message and "not found" in error.message


def _is_full(error: Exception) -> bool:
    return "max partition" in str(error) or "partition number" in str(error)


def _code(error: Exception) -> object:
    return error.code() if isinstance(error, grpc.RpcError) else getattr(error, "code", None)
