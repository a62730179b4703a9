"""Reading a page of a team's duplicate groups, as a person may see them now.

The stored groups may be a few seconds old. So the page reads their images again: they must be in the team, outside the
trash, visible, and not dismissed. Exact copies of the images that were changed last are found at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from collections_app.models import ComparedImage, DuplicateDismissal, DuplicateGroup, Image, IndexJob, Team, User
from collections_app.models.ids import parse_id
from collections_app.services.duplicates.candidates import compute_keep_priority

# A larger group shows this many images besides its keeper; the others follow when these are gone.
MAX_SHOWN = 60
# The images whose exact copies are searched at once: those that were changed last.
_MAX_CHANGED = 1000
# The page states no larger number of images that are still to be compared.
MAX_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class GroupPosition:
    """Where a page of groups begins: after the group of this keeper. The form in addresses is "pixels-bytes-id"."""

    pixels: int
    byte_size: int
    keeper_id: int

    def __str__(self) -> str:
        return f"{self.pixels}-{self.byte_size}-{self.keeper_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """Duplicates of `keeper`. Each of the others was compared with the keeper itself, so groups form no chains.

    `editable_ids`: which of the images the person may edit.
    """

    keeper: Image
    others: Sequence[Image]
    editable_ids: frozenset[int]

    @property
    def images(self) -> Sequence[Image]:
        return self.keeper, *self.others

    @property
    def keep_reason(self) -> str:
        """The reason why the keeper is better than the next image: "pixels", "processing" or "age"."""
        own, best = compute_keep_priority(self.keeper), min(map(compute_keep_priority, self.others))
        reasons = zip(("pixels", "processing"), own, best, strict=False)
        return next((reason for reason, value, other in reasons if value != other), "age")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """`after`: where the next page begins, if there is one. `uncompared`: how many images of the team are still to be
    compared, at most MAX_COUNTED + 1."""

    groups: Sequence[ShownGroup]
    after: GroupPosition | None
    uncompared: int


def parse_position(text: str) -> GroupPosition | None:
    parts = [value for part in text.split("-") if (value := parse_id(part)) is not None]
    return GroupPosition(*parts) if len(parts) == 3 and text.count("-") == 2 else None


def read_group_page(*, team: Team, user: User, after: GroupPosition | None, size: int) -> GroupPage:
    """Return the best `size` groups after that position, fewer if some have become invalid. Needs no index.

    The first page begins with the exact copies that are not in a group yet.
    """
    queued = Image.objects.not_trashed().in_team(team).to_compare().order_by("-pk")
    queued_ids = list(queued.values_list("pk", flat=True)[: MAX_COUNTED + 1])
    stored = DuplicateGroup.objects.in_team(team).best_first()
    stored = (
        stored.after(pixels=after.pixels, byte_size=after.byte_size, keeper_id=after.keeper_id) if after else stored
    )
    last_shown = ComparedImage.objects.filter(group=OuterRef("pk")).order_by("image").values("image")
    groups = list(stored.annotate(last_id=Subquery(last_shown[MAX_SHOWN - 1 : MAX_SHOWN]))[: size + 1])
    copies = [] if after else _find_new_copies(team, user, queued_ids)[:size]
    shown = _build_groups(team, user, copies, _list_members(groups[:size]))
    last = groups[size - 1] if len(groups) > size else None
    return GroupPage(
        groups=shown,
        after=GroupPosition(last.pixels, last.byte_size, last.keeper_id or 0) if last else None,
        uncompared=len(queued_ids),
    )


def _list_members(groups: Sequence[DuplicateGroup]) -> list[tuple[int, list[int]]]:
    """Return the keeper of each group with the images that are shown with it."""
    members: dict[int, list[int]] = defaultdict(list)
    shown = Q(pk__in=[])
    for group in groups:
        last_id: int | None = getattr(group, "last_id", None)
        shown |= Q(group=group.pk, image__lte=last_id) if last_id else Q(group=group.pk)
    for group_id, image_id in ComparedImage.objects.filter(shown).values_list("group", "image"):
        members[group_id or 0].append(image_id)
    return [(group.keeper_id or 0, members[group.pk]) for group in groups]


def _find_new_copies(team: Team, user: User, queued_ids: Sequence[int]) -> list[list[int]]:
    """Return the exact copies of the images that were changed last, unless they are in one stored group."""
    jobs = IndexJob.objects.waiting().order_by("-pk").values_list("image_id", flat=True)[:_MAX_CHANGED]
    changed_ids = {*jobs, *queued_ids}
    visible = Image.objects.visible_to(user).in_team(team)
    files = set(visible.among(changed_ids).values_list("sha256", flat=True))
    copies: dict[str, dict[int, int | None]] = defaultdict(dict)
    same = visible.looked_up().filter(sha256__in=files)
    for sha256, pk, group_id in same.values_list("sha256", "pk", "comparison__group"):
        copies[sha256][pk] = group_id
    return [list(own) for own in copies.values() if len(own) > 1 and (None in own.values() or len({*own.values()}) > 1)]


def _build_groups(
    team: Team, user: User, copies: Sequence[Sequence[int]], stored: Iterable[tuple[int, Sequence[int]]]
) -> list[ShownGroup]:
    """Read the images of new copies and of stored groups, and show each in one group."""
    stored = list(stored)
    ids = {pk for own in copies for pk in own} | {pk for keeper_id, own in stored for pk in (keeper_id, *own)}
    visible = Image.objects.visible_to(user).in_team(team)
    images = {image.pk: image for image in visible.among(ids).with_collection()}
    found = [_sort_images(images, own) for own in copies]
    found += [[images.pop(keeper_id), *_sort_images(images, own)] for keeper_id, own in stored if keeper_id in images]
    own_ids = [image.pk for group in found for image in group]
    dismissals = DuplicateDismissal.objects.list_by_image(team_id=team.pk, image_ids=own_ids)
    editable = frozenset(Image.objects.editable_by(user).among(own_ids).values_list("pk", flat=True))
    groups = []
    for keeper, *others in filter(None, found):
        of_keeper = dismissals.get(keeper.pk, set())
        others = [other for other in others if not of_keeper & dismissals.get(other.pk, set())][: MAX_SHOWN - 1]
        if others:
            ids = {keeper.pk, *(other.pk for other in others)}
            groups.append(ShownGroup(keeper=keeper, others=others, editable_ids=editable & ids))
    return groups


def _sort_images(images: dict[int, Image], ids: Iterable[int]) -> list[Image]:
    """Remove these images from the dictionary, so that none is shown twice, and return them, the best first."""
    return sorted((images.pop(pk) for pk in ids if pk in images), key=compute_keep_priority)
