"""What the index holds and promises, for services to name without loading pymilvus."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Required, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

# For an uploader and for times: 0 stands for "not known" (cameras without a clock write the epoch as well).
UNKNOWN = 0
# The partition of what no team may find just now (the trash). It is kept, so that nothing is encoded anew, and is
# never searched: no team has this id.
NO_TEAM = 0
# What both a string of Milvus Lite and an array of a server have room for.
MOST_TAGS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The numbers stored beside a vector. Times are epoch seconds; the team decides the partition.

    `content` is a signed 64-bit fingerprint of the file's sha256; `format` and `tags` are `hash_token`s, the tags
    ascending, each once, at most MOST_TAGS.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Conditions inside the vector search, all of which must hold; an empty one asks for nothing.

    Times are epoch seconds, from (included) and before (excluded): a picture whose time is UNKNOWN meets none.
    `shapes` are "portrait", "landscape" and "square", `formats` Pillow's names; one of those named suffices, as with
    uploaders. `min_edge_px` is asked of the longer edge. `tags` are all to be there, `without_tags` none; case is
    ignored. `sample_every` thins out: about one picture in so many is left, chosen by what its file holds.
    """

    uploader_ids: tuple[int, ...] = ()
    taken_from: int | None = None
    taken_before: int | None = None
    created_from: int | None = None
    created_before: int | None = None
    shapes: tuple[str, ...] = ()
    min_edge_px: int = 0
    formats: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    sample_every: int = 1


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry with its vector, float32, shape (dim,)."""

    entry: Entry
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One answer of a search. `score` is the cosine similarity."""

    id: int
    score: float


class SearchOptions(TypedDict, total=False):
    """How far a search goes: over these teams whole, and single collections beside, their ids with those of their
    teams; up to `limit` (1 to 1000) hits, which meet the filters."""

    team_ids: Sequence[int]
    collections: Mapping[int, int]
    limit: Required[int]
    filters: Filters


class VectorIndex(Protocol):
    """The vectors of one model. Safe for threads; every method may be repeated and raises IndexUnavailable."""

    def upsert(self, records: Sequence[Record]) -> None:
        """Leave each id exactly once in the index, in its team's partition; the last of equal ids wins.

        Searches of other processes may see it some seconds later where Milvus is a server.
        A crash in the middle is repaired by the same call again.
        """

    def delete(self, ids: Sequence[int]) -> None:
        """Remove the ids from every partition; unknown ones are ignored."""

    def search(self, vector: NDArray[np.float32], **reach: Unpack[SearchOptions]) -> list[Hit]:
        """Return the nearest entries, best first, equal scores by id, in one query.

        The filters hold inside the search: where `limit` entries meet them, so many are found.
        Raises ValueError where neither team nor collection is named, and for a shape that there is not.
        """

    def search_ahead(self, vector: NDArray[np.float32], **reach: Unpack[SearchOptions]) -> Callable[[], list[Hit]]:
        """The same, but begun: what is returned waits for the answer, which is on its way meanwhile. Both may raise."""

    def vectors(self, ids: Sequence[int], *, team_ids: Sequence[int] | None = None) -> dict[int, NDArray[np.float32]]:
        """Return the stored vectors of those ids that are there, from these teams only (None: from any).

        What an older version of this application has stored counts, as long as nothing newer is there.
        """

    def entries(self) -> Iterator[Entry]:
        """Yield everything, partition by partition, ids ascending; an id in two partitions comes twice."""

    def count(self) -> int:
        """Return how many entries there are."""

    def team_ids(self) -> list[int]:
        """Return the teams that have a partition, also an empty one; NO_TEAM may be among them."""

    def drop_empty_partitions(self, team_ids: Collection[int]) -> int:
        """Drop the partitions of these teams that hold nothing; return how many. A later upsert makes them anew."""

    def drop(self) -> None:
        """Remove everything that is stored for this model."""

    def drop_superseded(self) -> bool:
        """Remove what older versions of this application have stored for this model; return whether there was any."""
