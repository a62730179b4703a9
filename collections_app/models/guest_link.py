"""A secret address at which people without an account add pictures to one collection and see nothing else."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from collections_app.models.collection import Collection
from collections_app.models.public_link import generate_secret
from collections_app.models.team import Role


class GuestLinkQuerySet(models.QuerySet["GuestLink"]):
    def existing(self) -> Self:
        """Links to collections outside the trash, whose creators have an open account and still own the team.

        They may be revoked, expired or full.
        """
        return self.filter(
            collection__trashed_at=None,
            creator__is_active=True,
            collection__team__memberships__user=F("creator"),
            collection__team__memberships__role=Role.OWNER,
        )

    def working(self) -> Self:
        return self.existing().open().filter(file_count__lt=F("max_files"))

    def open(self) -> Self:
        """Links that are neither revoked nor expired."""
        return self.not_revoked().filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def not_revoked(self) -> Self:
        return self.filter(revoked_at=None)


class GuestLink(models.Model):
    """`file_count` and `byte_count` count all received pictures, including those that were deleted later."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="guest_links")
    secret = models.CharField(max_length=43, unique=True, default=generate_secret, editable=False)
    label = models.CharField(max_length=100, blank=True)
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    needs_approval = models.BooleanField(default=True)
    max_files = models.PositiveIntegerField()
    max_bytes = models.PositiveBigIntegerField()
    file_count = models.PositiveIntegerField(default=0, editable=False)
    byte_count = models.PositiveBigIntegerField(default=0, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = GuestLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"guest link {self.pk} to {self.collection}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_full(self) -> bool:
        return self.file_count >= self.max_files or self.byte_count >= self.max_bytes
