"""The search for a team's duplicates: identical files, and near duplicates of one keeper."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from collections_app.index import Vector
from collections_app.models import DuplicateDismissal, Team
from collections_app.services.duplicates.candidates import Candidate, HashedImage, read_candidates, read_hashed_images
from collections_app.services.duplicates.hamming import find_near_hashes
from collections_app.services.indexing.active_index import get_active_index

# Measured by tests/benchmarks/near_duplicates.py on photos and drawn scenes: resized, recompressed, brightened and
# slightly cropped copies differ in at most 8 of 64 bits; of 36,000 pairs of different pictures, the nearest in 10.
MAX_BITS = 8
# Distances between any two pictures differ from model to model, so the limit is a ratio of the median distance within
# the team: if all pictures of a team are similar, duplicates must be nearer.
MAX_DISTANCE_RATIO = 0.2
# 1 - cosine of two unrelated photos with the usual models, for teams with too few pictures to measure it.
_DEFAULT_DISTANCE = 0.4
_MIN_SAMPLE = 50
_MAX_SAMPLE = 400
# A hash that more pictures have than this does not identify any of them: blank pages, dark frames.
MAX_IMAGES_PER_HASH = 500

FetchVectors = Callable[[Sequence[int]], Mapping[int, Vector]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateGroup:
    """Duplicates of `keeper`. Each of the others was compared with the keeper itself, so groups form no chains."""

    keeper: Candidate
    others: tuple[Candidate, ...]

    @property
    def ids(self) -> list[int]:
        return [self.keeper.id, *(other.id for other in self.others)]

    @property
    def keep_reason(self) -> str:
        """What makes the keeper better than the next one: "pixels", "bytes" or "age"."""
        best = min(self.others, key=lambda other: other.keep_priority)
        if self.keeper.pixels > best.pixels:
            return "pixels"
        return "bytes" if self.keeper.byte_size > best.byte_size else "age"

    def is_copy(self, image_id: int) -> bool:
        """Return whether that image is identical to the keeper, byte for byte."""
        return any(each.id == image_id and each.sha256 == self.keeper.sha256 for each in (self.keeper, *self.others))


def find_near_duplicates(*, team: Team) -> list[DuplicateGroup]:
    """Return identical and near-identical images of the team, without the trash and without dismissed duplicates.

    Raises EncoderError or IndexUnavailable.
    """
    index = get_active_index()
    return list(_DuplicateFinder(team, lambda ids: index.get_vectors(ids, team_ids=[team.pk])).iterate_groups())


def find_exact_duplicates(*, team: Team) -> list[DuplicateGroup]:
    """Return identical images only. Needs no index."""
    return list(_DuplicateFinder(team, None).iterate_groups())


class _DuplicateFinder:
    """One search in a team. Without `fetch_vectors` it finds identical files only."""

    def __init__(self, team: Team, fetch_vectors: FetchVectors | None) -> None:
        self._fetch_vectors = fetch_vectors
        self._hashed_images = read_hashed_images(team)
        self._near_hashes = group_near_hashes(self._hashed_images) if fetch_vectors else {}
        self._rows = sorted(read_candidates(self._list_candidate_ids()), key=lambda row: row.keep_priority)
        self._dismissals = _read_dismissals(team)
        self._by_sha256 = _group((row.sha256, row) for row in self._rows)
        self._by_hash = _group((row.hash, row) for row in self._rows if row.hash in self._near_hashes)

    def iterate_groups(self) -> Iterator[DuplicateGroup]:
        """Yield the group of the best image, then the group of the best of the remaining ones, and so on."""
        grouped: set[int] = set()
        for keeper in self._rows:
            if keeper.id in grouped:
                continue
            grouped.add(keeper.id)
            free = [row for row in self._list_similar(keeper) if row.id not in grouped]
            if others := [row for row in free if self._is_duplicate(keeper, row)]:
                grouped |= {row.id for row in others}
                yield DuplicateGroup(keeper=keeper, others=tuple(sorted(others, key=lambda row: row.keep_priority)))

    def _list_candidate_ids(self) -> list[int]:
        """Return the images that share their file or a near hash with another one; most teams have few."""
        counts = Counter(image.sha256 for image in self._hashed_images)
        return [
            image.id for image in self._hashed_images if counts[image.sha256] > 1 or image.hash in self._near_hashes
        ]

    def _list_similar(self, keeper: Candidate) -> list[Candidate]:
        copies = self._by_sha256[keeper.sha256]
        near = [row for value in self._near_hashes.get(keeper.hash, []) for row in self._by_hash[value]]
        return copies + [row for row in near if row.sha256 != keeper.sha256]

    def _is_duplicate(self, keeper: Candidate, other: Candidate) -> bool:
        if self._dismissals.get(keeper.id, set()) & self._dismissals.get(other.id, set()):
            return False
        return keeper.sha256 == other.sha256 or self._has_near_vector(keeper.id, other.id)

    def _has_near_vector(self, one: int, other: int) -> bool:
        if one not in self._vectors or other not in self._vectors:
            return False
        return float(1 - self._vectors[one] @ self._vectors[other]) <= self._max_distance

    @cached_property
    def _vectors(self) -> Mapping[int, Vector]:
        """The vectors of all images that may be compared, fetched at once."""
        return self._fetch([row.id for rows in self._by_hash.values() for row in rows])

    @cached_property
    def _max_distance(self) -> float:
        step = max(1, len(self._hashed_images) // _MAX_SAMPLE)
        sample = self._fetch([image.id for image in self._hashed_images[::step]])
        return MAX_DISTANCE_RATIO * compute_median_distance(list(sample.values()))

    def _fetch(self, ids: Sequence[int]) -> Mapping[int, Vector]:
        return self._fetch_vectors(ids) if self._fetch_vectors and ids else {}


def compute_median_distance(vectors: Sequence[Vector]) -> float:
    """Return the median of 1 - cosine over all pairs of a sample of unit vectors, or 0.4 if the sample is too small."""
    if len(vectors) < _MIN_SAMPLE:
        return _DEFAULT_DISTANCE
    stacked = np.stack(vectors)
    distances = 1 - stacked @ stacked.T
    return float(np.median(distances[np.triu_indices(len(vectors), k=1)]))


def group_near_hashes(images: Sequence[HashedImage]) -> dict[int | None, list[int]]:
    """Return, for each hash that is near to another image's, a list of itself and the near hashes.

    Leaves out images without a hash, plain ones (0) and hashes of more than MAX_IMAGES_PER_HASH images.
    """
    counts = Counter(image.hash for image in images if image.hash)
    values = np.array([value for value, count in counts.items() if count <= MAX_IMAGES_PER_HASH], dtype=np.int64)
    near = find_near_hashes(values, distance=MAX_BITS)
    return {
        value: [value, *values[near.get(position, [])].tolist()]
        for position, value in enumerate(values.tolist())
        if position in near or counts[value] > 1
    }


def _read_dismissals(team: Team) -> dict[int, set[int]]:
    """Return, for each image, the ids of the team's dismissals that contain it."""
    dismissals: dict[int, set[int]] = defaultdict(set)
    for pk, image_ids in DuplicateDismissal.objects.filter(team=team).values_list("pk", "image_ids"):
        for image_id in image_ids:
            dismissals[image_id].add(pk)
    return dismissals


def _group(pairs: Iterator[tuple[object, Candidate]]) -> dict[object, list[Candidate]]:
    groups: dict[object, list[Candidate]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups
