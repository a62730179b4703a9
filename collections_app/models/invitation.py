"""An invitation of an email address to a team or to a collection."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.names import AddressField
from collections_app.models.team import Membership, Role, Team


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(expires_at__gt=timezone.now())

    def by_owners(self) -> Self:
        """Invitations whose inviter still owns the team, with an open account, and whose collection is not trashed."""
        owners = Membership.objects.filter(user=OuterRef("inviter"), role=Role.OWNER)
        of_team, of_collection = OuterRef("team"), OuterRef("collection__team")
        is_by_owner = Exists(owners.filter(team=of_team)) | Exists(owners.filter(team=of_collection))
        is_shown = Q(collection=None) | Q(collection__trashed_at=None)
        return self.filter(is_by_owner, is_shown, inviter__is_active=True)

    def expired(self) -> Self:
        return self.exclude(expires_at__gt=timezone.now())

    def with_target(self) -> Self:
        return self.select_related("team", "collection__team", "inviter")


class Invitation(models.Model):
    """Accepting or revoking deletes the row. It holds the hash of its secret, not the secret."""

    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations")
    collection = models.ForeignKey(
        "collections_app.Collection", null=True, blank=True, on_delete=models.CASCADE, related_name="invitations"
    )
    email = AddressField(db_index=True)  # reader: the notices in the header
    role = models.CharField(max_length=10, choices=Role)
    secret_hash = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of the secret in the link."))
    inviter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(team=None, collection__isnull=False) | Q(team__isnull=False, collection=None),
                name="invitation_to_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values) & (Q(collection=None) | ~Q(role=Role.OWNER)),
                name="invitation_role_fits",
            ),
            models.UniqueConstraint("team", Lower("email"), name="invitation_once_per_team"),
            models.UniqueConstraint("collection", Lower("email"), name="invitation_once_per_collection"),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role} of {self.team or self.collection}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
