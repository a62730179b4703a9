"""What people decide about duplicates: which one stays, or that they are none."""

from collections.abc import Collection as Several

from django.db import transaction
from django.utils.translation import gettext as _

from collections_app.errors import PictureGone
from collections_app.models import DuplicateDismissal, Image, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.services.library.trash import trash_images


@transaction.atomic
def keep_one(*, team: Team, keeper_id: int, images: ImageQuerySet, trasher: User) -> list[int]:
    """Put those of the images that belong to the team into the trash, the keeper never; return their ids.

    The lock on the team makes two people who keep different ones of a group not lose both. Raises PictureGone where
    the keeper is not there any more.
    """
    Team.objects.select_for_update().get(pk=team.pk)
    if not Image.objects.not_trashed().in_team(team).filter(pk=keeper_id).exists():
        raise PictureGone(_("The picture to keep was deleted meanwhile, so none of the others was touched."))
    ids = list(images.not_trashed().in_team(team).exclude(pk=keeper_id).values_list("pk", flat=True))
    trash_images(images=Image.objects.filter(pk__in=ids), trasher=trasher)
    return ids


def dismiss_duplicates(*, team: Team, image_ids: Several[int], member: User) -> int:
    """Remember that these pictures of the team are different ones; return how many they are."""
    images = Image.objects.not_trashed().in_team(team).filter(pk__in=image_ids)
    known = list(images.order_by("pk").values_list("pk", flat=True))
    if len(known) > 1:
        DuplicateDismissal.objects.create(team=team, image_ids=known, member=member)
    return len(known)
