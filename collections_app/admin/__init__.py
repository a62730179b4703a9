"""The administration."""

from collections_app.admin import accounts, library  # noqa: F401
