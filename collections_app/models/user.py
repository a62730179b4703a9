"""An account, identified by its email address."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.names import AddressField, FoldedNameField, NameField


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    email = AddressField(_("email address"), unique=True)
    display_name = NameField(_("display name"), max_length=100, blank=True, default="")
    # Reader: the filter `by:`, which finds people by name.
    folded_display_name = FoldedNameField(
        source="display_name", max_length=300, blank=True, default="", editable=False, db_index=True
    )
    is_staff = models.BooleanField(default=False, help_text=_("May sign in to the administration."))
    is_active = models.BooleanField(default=True, help_text=_("Clear this instead of deleting the account."))
    remembers_searches = models.BooleanField(default=True, help_text=_("Whether the search history is on."))
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            # Reader: sign-in ignores the case of addresses, so two that differ only in case must not exist.
            models.UniqueConstraint(Lower("email"), name="user_email_unique_ignoring_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        if "display_name" in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "folded_display_name"}
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        """The name for people who may know this person: the display name, or else the address."""
        return self.display_name or self.email
