"""A secret address that shows some collections of a team to everyone who has it, without an account."""

import secrets
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_SECRET_BYTES = 16  # 128 bits


def generate_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


class PublicLinkQuerySet(models.QuerySet["PublicLink"]):
    def working(self) -> Self:
        """Links that are not expired, whose collection is not in the trash, and whose creator's account is open."""
        not_expired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        by_open_account = Q(creator=None) | Q(creator__is_active=True)
        return self.filter(not_expired, by_open_account, collection__trashed_at=None).exclude(
            collection__team__personal_of__is_active=False
        )

    def showing(self, *, collection_id: int, team_id: int) -> Self:
        """Links that show the collection of this team: its own ones, and those of other collections of the team."""
        further = PublicLink.further_collections.through.objects.filter(collection=collection_id).values("publiclink")
        return self.filter(Q(collection=collection_id) | Q(pk__in=further, collection__team=team_id))

    def with_details(self) -> Self:
        return self.select_related("creator", "collection").prefetch_related("further_collections")


class PublicLink(models.Model):
    """Revoking deletes the row. The link works as long as `collection` is not in the trash.

    Of `further_collections` it shows those that are in the same team and not in the trash: see `shown_under`.
    """

    collection = models.ForeignKey("collections_app.Collection", on_delete=models.CASCADE, related_name="public_links")
    further_collections: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "collections_app.Collection", blank=True, related_name="further_links"
    )
    secret = models.CharField(max_length=43, unique=True, default=generate_secret, editable=False)
    password = models.CharField(max_length=128, blank=True, help_text=_("Hashed. Empty: the link has no password."))
    expires_at = models.DateTimeField(null=True, blank=True)
    allows_download = models.BooleanField(default=False)
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PublicLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"public link {self.pk} to {self.collection}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
