"""Teams, and their members with their roles."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.names import NameField
from collections_app.models.user import User


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


EDITING_ROLES = (Role.OWNER, Role.EDITOR)


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(pk__in=Membership.objects.team_ids_of(user))

    def editable_by(self, user: User) -> Self:
        return self.filter(pk__in=Membership.objects.team_ids_of(user, *EDITING_ROLES))

    def non_personal(self) -> Self:
        return self.filter(personal_of=None)

    def with_summary(self, user: User) -> Self:
        """Add the user's `role`, `member_count` and `collection_count`."""
        role = Membership.objects.filter(team=models.OuterRef("pk"), user=user).values("role")[:1]
        not_trashed = models.Q(collections__trashed_at=None)
        return self.annotate(
            role=models.Subquery(role),
            member_count=models.Count("memberships", distinct=True),
            collection_count=models.Count("collections", filter=not_trashed, distinct=True),
        ).order_by("name", "pk")

    def owned_by(self, user: User) -> Self:
        return self.filter(pk__in=Membership.objects.team_ids_of(user, Role.OWNER))


class Team(models.Model):
    name = NameField(max_length=100)
    personal_of = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="personal_team"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    max_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text=_("Empty: the site's default."))
    max_images = models.PositiveIntegerField(null=True, blank=True, help_text=_("Empty: the site's default."))
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_personal(self) -> bool:
        return self.personal_of_id is not None


class MembershipQuerySet(models.QuerySet["Membership"]):
    def team_ids_of(self, user: User, *roles: Role) -> "models.QuerySet[Membership, Any]":
        """The ids of the user's teams, for `team__in`; of those where the user has one of `roles` if any are given.

        It has no nested query, because most statements of the site contain it.
        """
        of_roles = {"role__in": roles} if roles else {}
        return self.filter(user=user, **of_roles).values("team")

    def staying_owners(self) -> Self:
        """Owners whose accounts are not about to be deleted."""
        return self.filter(role=Role.OWNER, user__deletion=None)


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.team}"
