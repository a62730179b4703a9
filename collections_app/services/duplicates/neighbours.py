"""Which images of a team are duplicates of given ones, found by look-ups."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q

from collections_app.index import Vector
from collections_app.models import ComparedImage, DuplicateDismissal, Image, TeamComparison
from collections_app.services.duplicates.candidates import Candidate, read_compared_candidates
from collections_app.services.duplicates.distances import get_max_distance
from collections_app.services.duplicates.hamming import cut_into_bands, list_near_bands, match_near
from collections_app.services.indexing.kept_models import KeptModel

# A hash that more pictures have than this does not identify any of them: blank pages, dark frames.
MAX_IMAGES_PER_HASH = 500


@dataclass(slots=True, kw_only=True)
class Neighbourhood:
    """The images of a team that were compared, and those that are compared now, as far as they were needed.

    `candidates` are both, by id. `new` are the ids of those that are compared now: the database may hold earlier values
    of them. `lacking` are the ids of images without a vector in the index. All vectors are those of `model`.
    """

    comparison: TeamComparison
    model: KeptModel
    candidates: dict[int, Candidate]
    new: frozenset[int]
    common_hashes: set[int] = field(default_factory=set)
    lacking: set[int] = field(default_factory=set)
    _vectors: dict[int, Vector] = field(default_factory=dict)

    def find_duplicates(self, image_ids: Sequence[int]) -> dict[int, list[Candidate]]:
        """Return the duplicates of each of the candidates. Raises EncoderError or IndexUnavailable."""
        ones = [self.candidates[image_id] for image_id in image_ids]
        pairs = self._match_equal_files(ones)
        near = self._match_near_hashes(ones) - pairs
        self._load({image_id for pair in pairs | near for image_id in pair})
        pairs |= self._keep_near_vectors({pair for pair in near if self._are_loaded(pair)})
        pairs = self._remove_dismissed({pair for pair in pairs if self._are_loaded(pair)})
        found: dict[int, list[Candidate]] = {image_id: [] for image_id in image_ids}
        for one, other in pairs:
            found[one].append(self.candidates[other])
        return found

    def load_members(self, *, keeper_id: int | None = None, group_ids: Collection[int] = ()) -> list[int]:
        """Load the images that were stored as duplicates of that keeper, or in these groups; return their ids."""
        stored = Q(group__keeper=keeper_id) if keeper_id else Q(group__in=group_ids)
        members = ComparedImage.objects.filter(stored, team=self.comparison.team_id).exclude(pk=keeper_id)
        ids = list(members.values_list("pk", flat=True))
        self._load(set(ids))
        return [image_id for image_id in ids if image_id in self.candidates]

    def _are_loaded(self, pair: tuple[int, int]) -> bool:
        return pair[0] in self.candidates and pair[1] in self.candidates

    def _load(self, image_ids: set[int]) -> None:
        missing = image_ids - self.candidates.keys()
        if missing:
            self.candidates |= read_compared_candidates(missing, team_id=self.comparison.team_id)

    def _match_equal_files(self, ones: Sequence[Candidate]) -> set[tuple[int, int]]:
        by_sha256: dict[str, set[int]] = defaultdict(set)
        for image_id in self.new:
            by_sha256[self.candidates[image_id].sha256].add(image_id)
        equal = Image.objects.filter(sha256__in={one.sha256 for one in ones}).values_list("pk", "sha256")
        compared = dict(equal)
        in_team = ComparedImage.objects.filter(pk__in=compared.keys() - self.new, team=self.comparison.team_id)
        for image_id in in_team.values_list("pk", flat=True):
            by_sha256[compared[image_id]].add(image_id)
        return {(one.id, other) for one in ones for other in by_sha256[one.sha256] if other != one.id}

    def _match_near_hashes(self, ones: Iterable[Candidate]) -> set[tuple[int, int]]:
        ones = [one for one in ones if self.is_identifying(one.hash)]
        if not ones:
            return set()
        bands = zip(*(cut_into_bands(one.hash or 0) for one in ones), strict=True)
        values = [list_near_bands(own, band=band) for band, own in enumerate(bands)]
        others = ComparedImage.objects.list_hashes(team_id=self.comparison.team_id, bands=values)
        others = {pk: value for pk, value in others.items() if pk not in self.new}
        hashed = [self.candidates[image_id] for image_id in self.new]
        others |= {each.id: each.hash or 0 for each in hashed if self.is_identifying(each.hash)}
        ids, hashes = list(others), np.array(list(others.values()), dtype=np.int64)
        near = match_near(np.array([one.hash for one in ones], dtype=np.int64), hashes)
        return {
            (ones[row].id, ids[column]) for row, column in np.argwhere(near).tolist() if ones[row].id != ids[column]
        }

    def is_identifying(self, value: int | None) -> bool:
        """Return whether a hash is not empty, not plain (0) and not shared by more than MAX_IMAGES_PER_HASH images."""
        return bool(value) and value not in self.common_hashes

    def _keep_near_vectors(self, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
        if not pairs:
            return set()
        index, max_distance = self.model.index, get_max_distance(self.comparison, model=self.model)
        wanted = {image_id for pair in pairs for image_id in pair} - self._vectors.keys()
        self._vectors |= index.get_vectors(sorted(wanted), team_ids=[self.comparison.team_id]) if wanted else {}
        self.lacking |= wanted - self._vectors.keys()
        return {(one, other) for one, other in pairs if self._get_distance(one, other) <= max_distance}

    def _get_distance(self, one: int, other: int) -> float:
        if one not in self._vectors or other not in self._vectors:
            return float("inf")
        return float(1 - self._vectors[one] @ self._vectors[other])

    def _remove_dismissed(self, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
        if not pairs:
            return pairs
        dismissals = DuplicateDismissal.objects.list_by_image(
            team_id=self.comparison.team_id, image_ids={image_id for pair in pairs for image_id in pair}
        )
        none: set[int] = set()
        return {pair for pair in pairs if not dismissals.get(pair[0], none) & dismissals.get(pair[1], none)}
