"""Comparing changed images with their team, and storing the duplicate groups that this changes.

A group is a keeper and its duplicates. Images become keepers in the order of their keep priority: an image is a keeper
unless one of its duplicates with a higher priority is a keeper; then it is in the group of the best such keeper. So a
change of one image concerns its duplicates only, and theirs only if it becomes a keeper or ceases to be one.
"""

import heapq
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice

from django.db.models import Count, Max
from django.utils import timezone

from collections_app.errors import ImageSearchError
from collections_app.models import ComparedImage, DuplicateDismissal, DuplicateGroup, Image, IndexJob, TeamComparison
from collections_app.services.duplicates.candidates import (
    Candidate,
    read_compared_candidates,
    read_current_candidates,
)
from collections_app.services.duplicates.distances import get_max_distance
from collections_app.services.duplicates.neighbours import MAX_IMAGES_PER_HASH, Neighbourhood
from collections_app.services.duplicates.storing import ComparisonResult, store_comparison
from collections_app.services.indexing.kept_models import KeptModel, get_active_model

log = logging.getLogger(__name__)

_IMAGES_PER_STEP = 100
_GROUPS_PER_STEP = 10
_LOOKED_UP_AT_ONCE = 32
_LEASE = timedelta(minutes=2)


class Comparer:
    """Compares queued images. Any number of processes may do so: one at a time works on a team."""

    def __init__(self, *, stop: threading.Event | None = None) -> None:
        self.id = uuid.uuid4()
        self.stop = stop or threading.Event()
        self._is_waiting = False

    def compare_next(self) -> bool:
        """Compare the next queued images; return whether to continue at once. While images are indexed, it is not:
        then the worker needs the processor. If the index or the model is unavailable, the images stay in the queue.
        """
        try:
            is_done = self._compare_queued()
        except ImageSearchError as error:
            if not self._is_waiting:
                log.warning("Comparing waits: %s", error)
            self._is_waiting = True
            return False
        self._is_waiting = False
        return is_done and not IndexJob.objects.waiting().exists()

    def drain(self) -> None:
        """Compare until no image is queued. Raises EncoderError or IndexUnavailable."""
        while not self.stop.is_set() and self._compare_queued():
            pass

    def _compare_queued(self) -> bool:
        by_team: dict[int, set[int]] = {}
        queued = Image.objects.to_compare().order_by("pk").values_list("pk", "collection__team")
        for image_id, team_id in queued[:_IMAGES_PER_STEP]:
            by_team.setdefault(team_id, set()).add(image_id)
        broken = DuplicateGroup.objects.without_keeper().order_by("pk").values_list("pk", "team")
        broken_by_team: dict[int, set[int]] = {}
        for group_id, team_id in broken[:_GROUPS_PER_STEP]:
            broken_by_team.setdefault(team_id, set()).add(group_id)
        teams = sorted(by_team.keys() | broken_by_team.keys())
        done = [self._compare_in_team(pk, by_team.get(pk, set()), broken_by_team.get(pk, set())) for pk in teams]
        return any(done)

    def _compare_in_team(self, team_id: int, image_ids: set[int], group_ids: set[int]) -> bool:
        """Return whether something was stored: not if another process compares the team."""
        TeamComparison.objects.get_or_create(team_id=team_id)
        own, now = TeamComparison.objects.filter(pk=team_id), timezone.now()
        if not own.free(now).update(lease=self.id, leased_until=now + _LEASE):
            return False
        try:
            model = get_active_model()
            is_stored = store_comparison(_compare(own.get(), model, image_ids, group_ids))
            for comparison in own.filter(median_distance__isnull=False, until_measured__lte=0):
                get_max_distance(comparison, model=model)
            return is_stored
        finally:
            own.filter(lease=self.id).update(lease=None, leased_until=None)


def _compare(
    comparison: TeamComparison, model: KeptModel, image_ids: set[int], group_ids: set[int]
) -> ComparisonResult:
    """Determine the keepers of the images, of the images of the groups, and of all that depend on them."""
    team_id = comparison.team_id
    current = read_current_candidates(image_ids, team_id=team_id)
    stored = read_compared_candidates(image_ids, team_id=team_id)
    dismissals = DuplicateDismissal.objects.list_by_image(team_id=team_id, image_ids=current)
    new = {pk: one for pk, one in current.items() if pk not in stored or stored[pk].facts != one.facts}
    for pk in new.keys() & stored.keys():
        new[pk].group_id = stored[pk].group_id
    gone = image_ids - current.keys()
    removed = {pk: one for pk, one in stored.items() if pk in new or pk in gone}
    common, recounted = _count_hashes(team_id, new, removed)
    neighbourhood = Neighbourhood(
        comparison=comparison, model=model, candidates=dict(new), new=frozenset(new), common_hashes=common
    )
    freed = [pk for keeper_id in new.keys() & stored.keys() for pk in neighbourhood.load_members(keeper_id=keeper_id)]
    freed += neighbourhood.load_members(group_ids=group_ids)
    return ComparisonResult(
        neighbourhood=neighbourhood,
        current=current,
        gone=gone,
        dismissals=dismissals,
        evaluated=_set_keepers(neighbourhood, [*new, *freed]),
        group_ids=group_ids,
        recounted=recounted,
    )


def _count_hashes(
    team_id: int, new: Mapping[int, Candidate], removed: Mapping[int, Candidate]
) -> tuple[set[int], set[int]]:
    """Return those hashes of the images that are common in the team, and those that other images have as if they were,
    or as if they were not."""
    hashes = {one.hash for one in (*new.values(), *removed.values()) if one.hash}
    others = ComparedImage.objects.filter(team=team_id, perceptual_hash__in=hashes).exclude(pk__in=removed)
    counts = others.values_list("perceptual_hash").annotate(count=Count("pk"), band=Max("band_0"))
    rows = {value: (count, band is None) for value, count, band in counts if value is not None}
    total = Counter({value: count for value, (count, _) in rows.items()})
    total += Counter(one.hash for one in new.values() if one.hash)
    common = {value for value in hashes if total[value] > MAX_IMAGES_PER_HASH}
    return common, {value for value, (_, was_common) in rows.items() if (value in common) != was_common}


def _set_keepers(neighbourhood: Neighbourhood, image_ids: Sequence[int]) -> dict[int, Candidate]:
    """Set `keeper_id` of the images and of all images that depend on them, the best first; return these images."""
    candidates = neighbourhood.candidates
    heap = [(candidates[image_id].keep_priority, image_id) for image_id in set(image_ids)]
    heapq.heapify(heap)
    evaluated: dict[int, Candidate] = {}
    duplicates: dict[int, list[Candidate]] = {}
    while heap:
        _, image_id = heapq.heappop(heap)
        if image_id in evaluated:
            continue
        if image_id not in duplicates:
            others = dict.fromkeys(pk for _, pk in heap if pk not in duplicates and pk not in evaluated)
            duplicates |= neighbourhood.find_duplicates([image_id, *islice(others, _LOOKED_UP_AT_ONCE - 1)])
        evaluated[image_id] = candidates[image_id]
        for dependent in _set_keeper(neighbourhood, candidates[image_id], duplicates.pop(image_id)):
            heapq.heappush(heap, (dependent.keep_priority, dependent.id))
    return evaluated


def _set_keeper(neighbourhood: Neighbourhood, one: Candidate, duplicates: list[Candidate]) -> list[Candidate]:
    """Set the keeper of an image whose better duplicates have theirs; return the images that this may concern."""
    was_keeper = one.is_keeper
    better = [each for each in duplicates if each.is_keeper and each.keep_priority < one.keep_priority]
    one.keeper_id = min(better, key=lambda each: each.keep_priority).id if better else one.id
    if one.is_keeper:
        return [each for each in duplicates if each.keep_priority > one.keep_priority and each.keeper_id != one.id]
    freed = neighbourhood.load_members(keeper_id=one.id) if was_keeper else []
    return [neighbourhood.candidates[image_id] for image_id in freed]
