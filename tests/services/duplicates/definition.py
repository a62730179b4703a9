"""Which images are duplicates of one another, as plain code that compares every pair of a team."""

from collections.abc import Mapping

import numpy as np

from collections_app.index import Vector
from collections_app.models import ComparedImage, DuplicateDismissal, DuplicateGroup, Image, Team
from collections_app.models.wall_clock import convert_to_wall_clock
from collections_app.services.indexing.kept_models import get_active_model

MAX_BITS, MAX_DISTANCE, MAX_IMAGES_PER_HASH = 8, 0.2 * 0.4, 500


def compute_groups(team: Team) -> list[list[int]]:
    """Return the groups of the team, the best image of each first."""
    images = list(Image.objects.not_trashed().in_team(team))
    vectors = get_active_model().index.get_vectors([image.pk for image in images], team_ids=[team.pk]) if images else {}
    hashes = [image.perceptual_hash for image in images]
    common = {
        value for value in set(hashes) if value is None or value == 0 or hashes.count(value) > MAX_IMAGES_PER_HASH
    }
    dismissals = [
        set(each.images.values_list("pk", flat=True)) for each in DuplicateDismissal.objects.filter(team=team)
    ]
    images.sort(key=keep_priority)
    groups, grouped = [], set[int]()
    for keeper in images:
        if keeper.pk in grouped:
            continue
        free = [image for image in images if image.pk not in grouped | {keeper.pk}]
        others = [
            other.pk
            for other in free
            if not any({keeper.pk, other.pk} <= each for each in dismissals)
            and (keeper.sha256 == other.sha256 or is_near(keeper, other, vectors, common))
        ]
        grouped |= {keeper.pk, *others}
        if others:
            groups.append([keeper.pk, *sorted(others)])
    return sorted(groups)


def keep_priority(image: Image) -> tuple[object, ...]:
    date = image.taken_at or convert_to_wall_clock(image.created_at)
    return -image.width * image.height, image.processing, date, image.pk


def is_near(one: Image, other: Image, vectors: Mapping[int, Vector], common: set[int | None]) -> bool:
    if {one.perceptual_hash, other.perceptual_hash} & common or not {one.pk, other.pk} <= vectors.keys():
        return False
    bits = bin((one.perceptual_hash or 0) & 2**64 - 1 ^ (other.perceptual_hash or 0) & 2**64 - 1).count("1")
    return bits <= MAX_BITS and float(1 - np.dot(vectors[one.pk], vectors[other.pk])) <= MAX_DISTANCE


def list_stored_groups(team: Team) -> list[list[int]]:
    """Return the stored groups in the same form. Every image of the team must have been compared."""
    assert not DuplicateGroup.objects.filter(keeper=None).exists()
    groups = []
    for group in DuplicateGroup.objects.filter(team=team):
        members = ComparedImage.objects.filter(group=group).values_list("pk", flat=True)
        groups.append([group.keeper_id or 0, *sorted(set(members) - {group.keeper_id})])
    return sorted(groups)
