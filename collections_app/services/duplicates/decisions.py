"""People's decisions about duplicates: keep one image, or dismiss the group."""

from collections import abc

from django.db import transaction
from django.utils.translation import gettext as _

from collections_app.errors import ImageDeleted
from collections_app.models import DuplicateDismissal, Image, Team, User
from collections_app.services.duplicates.distances import queue_comparisons
from collections_app.services.library.bulk_changes import BulkResult, trash_in_bulk


@transaction.atomic
def trash_all_duplicates_except(
    *, team: Team, keeper_id: int, image_ids: abc.Iterable[int], trasher: User
) -> BulkResult:
    """Move those of the team's images that the user may edit to the trash, except the keeper.

    The lock on the team prevents two people who keep different images from trashing both. Raises ImageDeleted if the
    keeper no longer exists.
    """
    Team.objects.select_for_update().get(pk=team.pk)
    if not Image.objects.not_trashed().in_team(team).filter(pk=keeper_id).exists():
        raise ImageDeleted(_("The picture to keep was deleted. Nothing was moved to trash."))
    others = Image.objects.in_team(team).filter(pk__in=image_ids).exclude(pk=keeper_id)
    return trash_in_bulk(image_ids=list(others.values_list("pk", flat=True)), user=trasher)


@transaction.atomic
def dismiss_duplicates(*, team: Team, image_ids: abc.Collection[int], member: User) -> int:
    """Record that these images of the team are not duplicates of each other, and queue them to be compared again.

    Return their number.
    """
    images = Image.objects.not_trashed().in_team(team).filter(pk__in=image_ids)
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    if len(ids) > 1:
        dismissal = DuplicateDismissal.objects.create(team=team, member=member)
        dismissal.images.set(ids)
        queue_comparisons(ids)
    return len(ids)
