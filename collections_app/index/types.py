"""The types and the contract of the index. Importing them does not load pymilvus."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol, Required, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

# A unit vector, shape (dim,).
Vector = NDArray[np.float32]

_UNIT_TOLERANCE = 1e-3

# An unknown uploader or time. Cameras without a clock write the epoch, too.
UNKNOWN = 0
# The partition of trashed pictures. It is never searched, since no team has this id; it keeps their vectors, so that a
# restored picture is not encoded again.
TRASH_PARTITION = 0
# As many as fit both in a string of Milvus Lite and in an array of a server.
MAX_INDEXED_TAGS = 3000


def hash_token(word: str) -> int:
    """Return a number from 0 to 2**63 - 1, the same for upper and lower case.

    The index stores and compares these instead of words, so that no text of a person becomes part of a query.
    """
    digest = sha256(word.casefold().encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def is_unit(vector: Vector) -> bool:
    """Return whether the numbers are finite and the length is 1, give or take a thousandth."""
    return bool(np.isfinite(vector).all()) and abs(float(np.linalg.norm(vector)) - 1) <= _UNIT_TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The numbers stored beside a vector. The team decides the partition.

    Times are epoch seconds; `taken_at` is the local time at the place as if it were UTC.

    `content` is a signed 64-bit hash of the file's sha256. `format` and `tags` are values of `hash_token`; tags
    are ascending and unique, at most MAX_INDEXED_TAGS.
    """

    id: int
    team_id: int
    collection_id: int
    uploader_id: int
    taken_at: int
    created_at: int
    width: int
    height: int
    content: int
    format: int
    tags: tuple[int, ...]


NumberField = Literal["id", "uploader_id", "taken_at", "created_at", "width", "height", "content", "format"]


@dataclass(frozen=True, slots=True)
class IsIn:
    """The field holds one of the values."""

    field: NumberField
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsBetween:
    """The field is at least `minimum` and less than `below`. Fails for a time that is UNKNOWN."""

    field: NumberField
    minimum: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Compares:
    """The first field is less than, greater than or equal to the second."""

    first: NumberField
    operator: Literal["<", ">", "=="]
    second: NumberField


@dataclass(frozen=True, slots=True)
class HasTag:
    """The entry has the tag, whatever its case."""

    tag: str


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class AnyOf:
    conditions: tuple["Condition", ...]


Condition = IsIn | IsBetween | Compares | HasTag | Not | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry with its vector."""

    entry: Entry
    vector: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An entry that a search found. `score` is the cosine similarity, -1 to 1."""

    id: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A file that cannot be read, or whose contents disagree with another file."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVectors:
    """The rows of one file: ids, signed content hashes of the pictures' files, and vectors of shape (n, dim).

    Of several rows of an id the one with the highest sequence number is the newest.
    """

    ids: NDArray[np.int64]
    sequence_numbers: NDArray[np.uint64]
    contents: NDArray[np.int64]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The Milvus collections of some teams' partitions, by team. None as `numbers` says that Milvus lists them."""

    numbers: Mapping[int, int] | None


class SearchOptions(TypedDict, total=False):
    """The scope of a search: whole teams, and single collections (collection id to team id).

    It returns up to `limit` (1 to 1000) hits that meet all `conditions`. With `sample_every` it searches about one
    of every `sample_every` entries, selected by the content of its file. `places` are those of `find_places`, for a
    search in a thread that must not use the database.
    """

    team_ids: Sequence[int]
    collections: Mapping[int, int]
    limit: Required[int]
    conditions: Sequence[Condition]
    sample_every: int
    places: Places | None


class VectorIndex(Protocol):
    """The vectors of one model. Thread-safe. Methods are idempotent and may raise IndexUnavailable."""

    def upsert(self, records: Sequence[Record]) -> None:
        """Store each id exactly once, in its team's partition; the last of equal ids wins.

        Raises ValueError for a vector that is no unit vector: scores are inner products.
        On a Milvus server, other processes may find the entries some seconds later. Repeating the call repairs what a
        crash interrupted.
        """

    def delete(self, ids: Sequence[int]) -> None:
        """Remove the ids from every partition; unknown ones are ignored."""

    def search(self, vector: Vector, **options: Unpack[SearchOptions]) -> list[Hit]:
        """Return the nearest entries, best first, equal scores by id, in one query of each Milvus collection.

        Conditions are applied before the ranking: if `limit` entries meet them, it returns `limit` hits. Raises
        ValueError if neither a team nor a collection is named. The vector may have any length.
        """

    def find_places(self, team_ids: Collection[int]) -> Places:
        """Return where the partitions of these teams are. At most one statement, and no call of Milvus."""

    def get_vectors(self, ids: Sequence[int], *, team_ids: Sequence[int] | None = None) -> dict[int, Vector]:
        """Return the stored vectors of the ids that exist, from these teams only (None: from any team).

        Vectors of an older layout count as long as no newer one exists.
        """

    def iterate_entries(self, *, team_ids: Sequence[int] | None = None) -> Iterator[Entry]:
        """Yield the entries of these teams (None: everything), partition by partition, ids ascending.

        An id in two partitions comes twice.
        """

    def iterate_teams(self, team_ids: Sequence[int]) -> Iterator[tuple[int, Iterator[Entry]]]:
        """Yield each of these teams with its entries, ids ascending. A server is read some teams ahead."""

    def count(self, *, team_ids: Sequence[int] | None = None) -> int:
        """Return how many entries these teams have (None: how many there are)."""

    def count_each(self, team_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Yield each of these teams with the number of its entries. A server counts some teams ahead."""

    def list_team_ids(self) -> list[int]:
        """Return the teams that have a partition, also an empty one, or a place in the directory of partitions.

        TRASH_PARTITION may be among them.
        """

    def record_partitions(self) -> None:
        """Enter the partitions into the directory that Milvus has and the directory lacks."""

    def drop_empty_partitions(self, team_ids: Collection[int]) -> int:
        """Drop the empty partitions of these teams and return their number. A later upsert creates them again.

        Frees the places of these teams in the directory.
        """

    def drop(self) -> None:
        """Remove everything stored for this model."""

    def drop_superseded(self) -> bool:
        """Remove what older layouts stored for this model; return whether there was any."""
