"""A picture from a guest that waits for approval. It is not an image, so no search, count or index contains it."""

import uuid
from typing import Self

from django.db import models
from django.utils import timezone

from collections_app.models.collection import Collection
from collections_app.models.guest_link import GuestLink


def build_guest_file_name(extension: str) -> str:
    """Return a random storage name."""
    name = uuid.uuid4().hex
    return f"guests/{name[:2]}/{name}{extension}"


class GuestUploadQuerySet(models.QuerySet["GuestUpload"]):
    def waiting_in(self, collection: Collection) -> Self:
        """The pictures that wait in a collection, the oldest first."""
        return self.filter(link__collection=collection).select_related("link").order_by("pk")


class GuestUpload(models.Model):
    """The PendingFile row of the stored file stays until the file is deleted.

    If this row is deleted with its link, maintenance finds the file by the PendingFile row.
    """

    link = models.ForeignKey(GuestLink, on_delete=models.CASCADE, related_name="uploads")
    guest_name = models.CharField(max_length=50, blank=True)
    original_name = models.CharField(max_length=255)
    file_name = models.CharField(max_length=200, unique=True)
    sha256 = models.CharField(max_length=64)
    byte_size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = GuestUploadQuerySet.as_manager()

    class Meta:
        constraints = [
            # Reader: `receive_guest_file`, where a guest repeats an upload.
            models.UniqueConstraint(fields=["link", "sha256"], name="guest_upload_once_per_link"),
        ]

    def __str__(self) -> str:
        return self.original_name
