"""A picture that one person uploaded as part of a query: its vector and thumbnail, for less than an hour."""

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from collections_app.models.user import User

# Maintenance runs every ten minutes, so that an example is gone within an hour.
LIFETIME = timedelta(minutes=45)


def generate_token() -> str:
    """Return an unguessable name. It begins with a letter, so it is never an image's id."""
    return f"x{secrets.token_hex(8)}"


class ExampleQuerySet(models.QuerySet["Example"]):
    def unexpired_of(self, user: User) -> Self:
        return self.filter(user=user, created_at__gt=_get_expiry())

    def expired(self) -> Self:
        return self.filter(created_at__lte=_get_expiry())


class Example(models.Model):
    token = models.CharField(max_length=20, unique=True, default=generate_token, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="examples")
    model_key = models.CharField(max_length=200)
    vector = models.BinaryField()  # a unit vector, little-endian float32
    # The same by the other model that was kept, if there was one.
    second_model_key = models.CharField(max_length=200, blank=True, default="")
    second_vector = models.BinaryField(null=True)
    thumbnail = models.BinaryField()  # a JPEG
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = ExampleQuerySet.as_manager()

    def __str__(self) -> str:
        return self.token

    @property
    def vectors(self) -> dict[str, bytes]:
        """The vectors by the keys of their models."""
        own = {self.model_key: bytes(self.vector)}
        return own | ({self.second_model_key: bytes(self.second_vector)} if self.second_vector else {})


def _get_expiry() -> datetime:
    return timezone.now() - LIFETIME
