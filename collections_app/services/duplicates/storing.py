"""Storing what a comparison has found, in one transaction, unless something has changed meanwhile."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from collections_app.models import ComparedImage, DuplicateDismissal, DuplicateGroup, Image, TeamComparison
from collections_app.services.duplicates.candidates import Candidate, read_current_candidates
from collections_app.services.duplicates.distances import queue_comparisons
from collections_app.services.duplicates.hamming import cut_into_bands
from collections_app.services.duplicates.neighbours import Neighbourhood

_WRITTEN_FIELDS = ["team", "perceptual_hash", "band_0", "band_1", "band_2", "facts"]
_BATCH_SIZE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonResult:
    """`current`: the queued images of the team, as they were read. `gone`: queued images that are not in it any more.

    `dismissals`: those of the current images, as they were read. `evaluated`: all images whose keeper was determined;
    the current images that had changed are among them. `group_ids`: groups that had no keeper. `recounted`: hashes that
    have become common, or have ceased to be.
    """

    neighbourhood: Neighbourhood
    current: dict[int, Candidate]
    gone: set[int]
    dismissals: dict[int, set[int]]
    evaluated: dict[int, Candidate]
    group_ids: set[int]
    recounted: set[int]

    @property
    def team_id(self) -> int:
        return self.neighbourhood.comparison.team_id


@transaction.atomic
def store_comparison(result: ComparisonResult) -> bool:
    """Return whether the result was stored. Otherwise the images stay queued and are compared again."""
    lease = result.neighbourhood.comparison.lease
    own = TeamComparison.objects.filter(pk=result.team_id, lease=lease)
    if not own.select_for_update().exists() or not _lock_unchanged(result):
        return False
    touched = result.group_ids | _remove_from_groups(result)
    _write_images(result)
    _write_groups(result)
    _delete_empty_groups(touched | {each.group_id for each in result.evaluated.values() if each.group_id})
    Image.objects.filter(pk__in=result.current).record_comparison(timezone.now())
    Image.objects.trashed().filter(pk__in=result.gone).record_comparison(timezone.now())
    equal = ComparedImage.objects.filter(team=result.team_id, perceptual_hash__in=result.recounted)
    queue_comparisons(list(equal.exclude(pk__in=result.neighbourhood.new).values_list("pk", flat=True)))
    own.update(until_measured=F("until_measured") - len(result.neighbourhood.new))
    return True


def _lock_unchanged(result: ComparisonResult) -> bool:
    """Lock the rows that are used. Return False if images, dismissals or other comparisons have changed.

    A deletion locks the rows in the same order: comparisons, then images.
    """
    used = result.evaluated.keys() | {each.keeper_id for each in result.evaluated.values()}
    rows = ComparedImage.objects.filter(pk__in=used, team=result.team_id).select_for_update().order_by("pk")
    if not used - result.neighbourhood.new <= set(rows.values_list("pk", flat=True)):
        return False
    image_ids = result.current.keys() | result.gone
    now = read_current_candidates(image_ids, team_id=result.team_id, lock=True)
    dismissals = DuplicateDismissal.objects.list_by_image(team_id=result.team_id, image_ids=result.current)
    facts = {each.id: each.facts for each in result.current.values()}
    return {each.id: each.facts for each in now.values()} == facts and dismissals == result.dismissals


def _remove_from_groups(result: ComparisonResult) -> set[int]:
    """Remove images that were trashed, or moved between teams, from their groups; return the ids of these groups."""
    moved = ComparedImage.objects.filter(pk__in=result.neighbourhood.new).exclude(team=result.team_id)
    gone = ComparedImage.objects.filter(pk__in=result.gone)
    removed = dict((moved | gone).values_list("pk", "group"))
    DuplicateGroup.objects.filter(keeper__in=removed).update(keeper=None)
    moved.update(group=None)
    gone.delete()
    return {group_id for group_id in removed.values() if group_id}


def _write_images(result: ComparisonResult) -> None:
    neighbourhood = result.neighbourhood
    rows = []
    for image_id in sorted(neighbourhood.new):
        one = result.current[image_id]
        is_identifying = one.hash is not None and neighbourhood.is_identifying(one.hash)
        bands = cut_into_bands(one.hash) if one.hash is not None and is_identifying else (None, None, None)
        row = ComparedImage(image_id=image_id, team_id=result.team_id, perceptual_hash=one.hash, facts=one.facts)
        row.band_0, row.band_1, row.band_2 = bands
        rows.append(row)
    ComparedImage.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["image"], update_fields=_WRITTEN_FIELDS
    )
    # The index may get their vectors later.
    ComparedImage.objects.filter(pk__in=neighbourhood.lacking).update(facts=None)


def _write_groups(result: ComparisonResult) -> None:
    candidates = result.neighbourhood.candidates
    members: dict[int, list[int]] = defaultdict(list)
    for one in result.evaluated.values():
        if one.keeper_id is not None:
            members[one.keeper_id].append(one.id)
    stored = list(DuplicateGroup.objects.filter(keeper__in=members))
    without_group = members.keys() - {group.keeper_id for group in stored}
    made = [_make_group(candidates[pk], result.team_id) for pk in sorted(without_group) if members[pk] != [pk]]
    groups = {group.keeper_id or 0: group for group in (*stored, *DuplicateGroup.objects.bulk_create(made))}
    places = {pk: groups.get(keeper_id) for keeper_id, ids in members.items() for pk in (keeper_id, *ids)}
    _write_places({pk: group.pk if group else None for pk, group in places.items()}, candidates)
    for keeper_id in groups.keys() & result.neighbourhood.new:
        pixels, byte_size = _get_size(candidates[keeper_id])
        DuplicateGroup.objects.filter(keeper=keeper_id).update(pixels=pixels, byte_size=byte_size)


def _make_group(keeper: Candidate, team_id: int) -> DuplicateGroup:
    pixels, byte_size = _get_size(keeper)
    return DuplicateGroup(team_id=team_id, keeper_id=keeper.id, pixels=pixels, byte_size=byte_size)


def _get_size(keeper: Candidate) -> tuple[int, int]:
    return -keeper.keep_priority[0], keeper.byte_size


def _write_places(places: dict[int, int | None], candidates: dict[int, Candidate]) -> None:
    rows = [
        ComparedImage(image_id=image_id, group_id=group_id)
        for image_id, group_id in places.items()
        if group_id != candidates[image_id].group_id
    ]
    ComparedImage.objects.bulk_update(rows, ["group"], batch_size=_BATCH_SIZE)


def _delete_empty_groups(group_ids: Collection[int]) -> None:
    """Delete those of the groups that have no duplicates, or no keeper and no members."""
    groups = DuplicateGroup.objects.filter(pk__in=group_ids).annotate(count=Count("members"))
    (groups.filter(keeper__isnull=True, count=0) | groups.filter(keeper__isnull=False, count__lt=2)).delete()
