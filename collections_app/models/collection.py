"""A named set of images in one team."""

from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from collections_app.models.index_job import IndexJob
from collections_app.models.names import FoldedNameField, NameField
from collections_app.models.public_link import PublicLink
from collections_app.models.share import Share
from collections_app.models.team import EDITING_ROLES, Membership, Role, Team
from collections_app.models.user import User


class CollectionQuerySet(models.QuerySet["Collection"]):
    def not_trashed(self) -> Self:
        return self.filter(trashed_at=None)

    def visible_to(self, user: User) -> Self:
        shared = Share.objects.granting_access_to(user).values("collection")
        return self.not_trashed().filter(Q(team__in=Membership.objects.team_ids_of(user)) | Q(pk__in=shared))

    def editable_by(self, user: User) -> Self:
        """Collections in which the user may add, change and delete images."""
        shared = Share.objects.granting_edit_to(user).values("collection")
        return self.not_trashed().filter(
            Q(team__in=Membership.objects.team_ids_of(user, *EDITING_ROLES)) | Q(pk__in=shared)
        )

    def restorable_by(self, user: User) -> Self:
        """Collections, in the trash or not, whose trashed images the user may restore.

        A share does not allow restoring a collection, nor the images that were trashed with it.
        """
        of_team = Q(team__in=Membership.objects.team_ids_of(user, *EDITING_ROLES))
        return self.filter(of_team | Q(pk__in=Collection.objects.editable_by(user).values("pk")))

    def managed_by(self, user: User) -> Self:
        """Collections that the user may rename, delete and move images out of. A share never allows this."""
        return self.not_trashed().filter(team__in=Membership.objects.team_ids_of(user, *EDITING_ROLES))

    def owned_by(self, user: User) -> Self:
        """Collections that the user may share."""
        return self.not_trashed().filter(team__in=Membership.objects.team_ids_of(user, Role.OWNER))

    def shared_with(self, user: User) -> Self:
        """Collections that the user sees through a share alone."""
        return self.visible_to(user).exclude(team__in=Membership.objects.team_ids_of(user))

    def with_sharer(self, user: User) -> Self:
        """Add `sharer_name` of the first share with the user, or None, and `can_leave`: a share is with them alone."""
        own = Share.objects.filter(user=user, collection=models.OuterRef("pk"))
        shares = Share.objects.granting_access_to(user).filter(collection=models.OuterRef("pk")).order_by("created_at")
        entered = NullIf("sharer__display_name", models.Value(""))
        name = Coalesce(entered, "sharer__email", output_field=models.CharField())
        sharer_name = models.Subquery(shares.annotate(name=name).values("name")[:1])
        return self.annotate(sharer_name=sharer_name, can_leave=models.Exists(own))

    def shown_under(self, link: PublicLink) -> Self:
        """The collections that a public link shows."""
        linked = Q(pk=link.collection_id) | Q(pk__in=link.further_collections.values("pk"))
        return self.not_trashed().filter(linked, team=link.collection.team_id)

    def named(self, name: str) -> Self:
        """Collections of this name, whatever its case."""
        return self.not_trashed().filter(folded_name=name)

    def in_teams_of(self, user: User) -> Self:
        return self.not_trashed().filter(team__in=Membership.objects.team_ids_of(user))

    def with_summary(self) -> Self:
        """Add `image_count`, and `cover_id`: the id of the selected cover or the newest image, or None."""
        shown = models.Q(collection=models.OuterRef("pk"))
        totals = apps.get_model("collections_app", "ImageTotal")._default_manager.filter(shown, is_trashed=False)
        images = apps.get_model("collections_app", "Image")._default_manager.filter(shown, trashed_at=None)
        sums = totals.values("collection").annotate(sum=models.Sum("image_count")).values("sum")
        newest = images.order_by("-created_at", "-pk").values("pk")[:1]
        cover = images.filter(pk=models.OuterRef("selected_cover")).values("pk")
        return self.select_related("team").annotate(
            image_count=Coalesce(models.Subquery(sums), 0),
            cover_id=Coalesce(models.Subquery(cover), models.Subquery(newest)),
        )

    def update(self, **values: Any) -> int:
        """Queue index jobs in the same transaction if the team changes: the vectors move to its partition."""
        if "name" in values:
            values["folded_name"] = values["name"]
        if not {"team", "team_id"} & values.keys():
            return super().update(**values)
        with transaction.atomic():
            moved = list(self.filter(images__isnull=False).values_list("images__pk", flat=True))
            count = super().update(**values)
            IndexJob.objects.enqueue(moved)
        return count


class Collection(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="collections")
    name = NameField(max_length=100)
    folded_name = FoldedNameField(max_length=300, editable=False)
    description = models.TextField(max_length=2000, blank=True, default="")
    # Shown as long as it is a picture of this collection: see `with_summary`.
    selected_cover = models.ForeignKey(
        "collections_app.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    trashed_at = models.DateTimeField(null=True, blank=True, editable=False)

    cover_id: int | None  # of `with_summary`

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["folded_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "folded_name"], condition=Q(trashed_at=None), name="collection_name_once_per_team"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row and its index jobs in one transaction. Django sends post_save after its own has ended."""
        if "name" in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "folded_name"}
        with transaction.atomic():
            super().save(*args, **kwargs)
