"""What pymilvus and gRPC raise, translated once into our own error."""

from collections.abc import Iterator

import grpc
from pymilvus import MilvusException
from pymilvus.client.types import Status
from pymilvus.exceptions import ErrorCode

from collections_app.errors import IndexRefused, IndexUnavailable

_MISSING_PARTITION = 200
_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def unavailable(error: Exception) -> IndexUnavailable:
    if "max partition" in str(error) or "partition number" in str(error):
        return IndexRefused("The search index has no room for another team (Milvus holds 1,024 partitions).")
    return IndexUnavailable("The search index cannot be reached right now. Please try again in a minute.")


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
    return error.code in (ErrorCode.COLLECTION_NOT_FOUND, _MISSING_PARTITION)
