"""Which pictures of a team are one and the same: copies to the byte, and near duplicates of one keeper."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from collections_app.models import DuplicateDismissal, Team
from collections_app.services.duplicates.candidates import Candidate, HashedImage, read_candidates, read_hashed_images
from collections_app.services.duplicates.hamming import near_hashes
from collections_app.services.indexing.active_index import get_active_index

# Measured by tests/benchmarks/near_duplicates.py on photos and drawn scenes: resized, recompressed, brightened and
# slightly cropped copies stay within 8 of 64 bits; of 36,000 pairs of different pictures, the nearest differ in 10.
MAX_BITS = 8
# Models differ in how near they put any two pictures, so the bound is a share of the distance that two pictures of
# the team usually have: where all of them are alike, a duplicate has to be all the nearer.
MAX_SHARE = 0.2
# 1 - cosine of two unlike photos, by the usual models; for teams too small to tell.
_USUAL_DISTANCE = 0.4
_ENOUGH_TO_TELL = 50
_SAMPLE = 400
# What more pictures than this look like says nothing of any of them: blank pages, dark frames.
_TOO_COMMON = 500

Vector = NDArray[np.float32]
Vectors = Mapping[int, Vector]
VectorsOf = Callable[[Sequence[int]], Vectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateGroup:
    """Duplicates of `keeper`; each of the others was compared with it, so that no chain leads away from it."""

    keeper: Candidate
    others: tuple[Candidate, ...]

    @property
    def ids(self) -> list[int]:
        return [self.keeper.id, *(other.id for other in self.others)]

    @property
    def advantage(self) -> str:
        """What the keeper has before the next best: "pixels", "bytes" or "age"."""
        best = min(self.others, key=lambda other: other.keep_priority)
        if self.keeper.pixels > best.pixels:
            return "pixels"
        return "bytes" if self.keeper.byte_size > best.byte_size else "age"

    def is_copy(self, image_id: int) -> bool:
        """Whether that picture is the keeper, byte for byte."""
        return any(each.id == image_id and each.sha256 == self.keeper.sha256 for each in (self.keeper, *self.others))


def find_near_duplicates(*, team: Team) -> list[DuplicateGroup]:
    """Return copies and near duplicates among the team's kept pictures, without those it has called different.

    Raises EncoderError or IndexUnavailable.
    """
    index = get_active_index()
    return list(_Search(team, lambda ids: index.vectors(ids, team_ids=[team.pk])).groups())


def find_exact_duplicates(*, team: Team) -> list[DuplicateGroup]:
    """As `find_near_duplicates`, but only what is the same to the byte: the index is not asked."""
    return list(_Search(team, None).groups())


class _Search:
    """One look through a team. Without `vectors_of` only copies are found."""

    def __init__(self, team: Team, vectors_of: VectorsOf | None) -> None:
        self._vectors_of = vectors_of
        self._hashed_images = read_hashed_images(team)
        self._near_hashes = _near_hashes(self._hashed_images) if vectors_of else {}
        self._rows = sorted(read_candidates(self._candidates()), key=lambda row: row.keep_priority)
        self._different = _called_different(team)
        self._by_sha256 = _grouped((row.sha256, row) for row in self._rows)
        self._by_hash = _grouped((row.hash, row) for row in self._rows if row.hash in self._near_hashes)

    def groups(self) -> Iterator[DuplicateGroup]:
        """The best picture takes what is near it, the best of the rest takes what is near that, and so on."""
        taken: set[int] = set()
        for keeper in self._rows:
            if keeper.id in taken:
                continue
            taken.add(keeper.id)
            free = [each for each in self._like(keeper) if each.id not in taken]
            if others := [each for each in free if self._are_twins(keeper, each)]:
                taken |= {each.id for each in others}
                yield DuplicateGroup(keeper=keeper, others=tuple(sorted(others, key=lambda each: each.keep_priority)))

    def _candidates(self) -> list[int]:
        """Those whose bytes or looks some other picture has, too: of most teams few."""
        counts = Counter(mark.sha256 for mark in self._hashed_images)
        return [mark.id for mark in self._hashed_images if counts[mark.sha256] > 1 or mark.hash in self._near_hashes]

    def _like(self, keeper: Candidate) -> list[Candidate]:
        copies = self._by_sha256[keeper.sha256]
        alike = [each for value in self._near_hashes.get(keeper.hash, []) for each in self._by_hash[value]]
        return copies + [each for each in alike if each.sha256 != keeper.sha256]

    def _are_twins(self, keeper: Candidate, other: Candidate) -> bool:
        if self._different.get(keeper.id, set()) & self._different.get(other.id, set()):
            return False
        return keeper.sha256 == other.sha256 or self._are_near(keeper.id, other.id)

    def _are_near(self, one: int, other: int) -> bool:
        if one not in self._vectors or other not in self._vectors:
            return False
        return float(1 - self._vectors[one] @ self._vectors[other]) <= self._most_distance

    @cached_property
    def _vectors(self) -> Vectors:
        """Of all that are to be compared, in one question."""
        return self._ask([row.id for rows in self._by_hash.values() for row in rows])

    @cached_property
    def _most_distance(self) -> float:
        step = max(1, len(self._hashed_images) // _SAMPLE)
        return MAX_SHARE * usual_distance(list(self._ask([mark.id for mark in self._hashed_images[::step]]).values()))

    def _ask(self, ids: Sequence[int]) -> Vectors:
        return self._vectors_of(ids) if self._vectors_of and ids else {}


def usual_distance(vectors: Sequence[Vector]) -> float:
    """Return the median of 1 - cosine over the pairs of a sample, or what is usual where the sample is too small."""
    if len(vectors) < _ENOUGH_TO_TELL:
        return _USUAL_DISTANCE
    stacked = np.stack(vectors)
    distances = 1 - stacked @ stacked.T
    return float(np.median(distances[np.triu_indices(len(vectors), k=1)]))


def _near_hashes(marks: Sequence[HashedImage]) -> dict[int | None, list[int]]:
    """Return, for each hash that more than one picture is near to, itself and the hashes near it."""
    counts = Counter(mark.hash for mark in marks if mark.hash)
    values = np.array([value for value, count in counts.items() if count <= _TOO_COMMON], dtype=np.int64)
    near = near_hashes(values, distance=MAX_BITS)
    return {
        value: [value, *values[near.get(place, [])].tolist()]
        for place, value in enumerate(values.tolist())
        if place in near or counts[value] > 1
    }


def _called_different(team: Team) -> dict[int, set[int]]:
    """For each picture, in which of the team's sets of different ones it stands."""
    sets: dict[int, set[int]] = defaultdict(set)
    for pk, image_ids in DuplicateDismissal.objects.filter(team=team).values_list("pk", "image_ids"):
        for image_id in image_ids:
            sets[image_id].add(pk)
    return sets


def _grouped(pairs: Iterator[tuple[object, Candidate]]) -> dict[object, list[Candidate]]:
    groups: dict[object, list[Candidate]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups
