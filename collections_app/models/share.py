"""The right of one person or team to see or edit a collection of another team."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.team import EDITING_ROLES, Membership, Team
from collections_app.models.user import User


class ShareRole(models.TextChoices):
    EDITOR = "editor", _("Can edit")
    VIEWER = "viewer", _("Can view")


class ShareQuerySet(models.QuerySet["Share"]):
    def granting_access_to(self, user: User) -> Self:
        """Shares with the user or with one of the user's teams."""
        return self.filter(Q(user=user) | Q(team__in=Membership.objects.team_ids_of(user)))

    def granting_edit_to(self, user: User) -> Self:
        """Editing shares with the user, or with a team in which the user is an owner or editor."""
        return self.filter(
            Q(user=user) | Q(team__in=Membership.objects.team_ids_of(user, *EDITING_ROLES)), role=ShareRole.EDITOR
        )

    def with_people(self) -> Self:
        return self.select_related("user", "team", "sharer")


class Share(models.Model):
    collection = models.ForeignKey("collections_app.Collection", on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="shares"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="shares")
    role = models.CharField(max_length=10, choices=ShareRole)
    sharer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ShareQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, team__isnull=False) | Q(user__isnull=False, team=None),
                name="share_with_one_person_or_team",
            ),
            models.CheckConstraint(condition=Q(role__in=ShareRole.values), name="share_role_known"),
            models.UniqueConstraint(fields=["collection", "user"], name="share_once_per_person"),
            models.UniqueConstraint(fields=["collection", "team"], name="share_once_per_team"),
        ]

    def __str__(self) -> str:
        return f"{self.collection} for {self.user or self.team} as {self.role}"
