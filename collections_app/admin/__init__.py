"""The administration."""

from collections_app.admin import accounts, index_models, library  # noqa: F401
