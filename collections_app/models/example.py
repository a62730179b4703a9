"""A picture shown to the search as an example: its vector and a thumbnail, for an hour at most, for one person."""

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from collections_app.models.user import User

# Housekeeping comes every ten minutes: together less than an hour.
LIFETIME = timedelta(minutes=45)


def new_token() -> str:
    """Return a name that is no number, hence no picture's id, and that nobody can guess."""
    return f"x{secrets.token_hex(8)}"


class ExampleQuerySet(models.QuerySet["Example"]):
    def usable_by(self, user: User) -> Self:
        return self.filter(user=user, created_at__gt=_oldest())

    def expired(self) -> Self:
        return self.filter(created_at__lte=_oldest())


class Example(models.Model):
    token = models.CharField(max_length=20, unique=True, default=new_token, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="examples")
    model_key = models.CharField(max_length=200)
    vector = models.BinaryField()  # a unit vector, little-endian float32
    thumbnail = models.BinaryField()  # a JPEG
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = ExampleQuerySet.as_manager()

    def __str__(self) -> str:
        return self.token


def _oldest() -> datetime:
    return timezone.now() - LIFETIME
