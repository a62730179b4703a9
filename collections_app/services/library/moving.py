"""Moving pictures to another collection, perhaps of another team. Their vectors follow, without being encoded anew."""

from django.db import transaction
from django.db.models import Sum

from collections_app.errors import CollectionGone
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Team
from collections_app.models.image import ImageQuerySet
from collections_app.services.library.quotas import ensure_room


@transaction.atomic
def move_images(*, images: ImageQuerySet, target: Collection) -> int:
    """Return how many were moved. The caller names only images and a target that the mover may touch.

    From the commit on, whoever may not see the target finds none of them, however stale the index is. Raises
    CollectionGone, or QuotaExceeded with nothing moved.
    """
    team = Team.objects.select_for_update().get(pk=target.team_id)
    if not Collection.objects.not_trashed().filter(pk=target.pk).exists():
        raise CollectionGone(_("This collection was deleted meanwhile. Choose another one."))
    coming = images.exclude(collection__team=team)
    if count := coming.count():
        byte_size = coming.aggregate(sum=Sum("byte_size", default=0))["sum"]
        ensure_room(team=team, byte_size=byte_size, images=count)
    return images.exclude(collection=target).update(collection=target)
