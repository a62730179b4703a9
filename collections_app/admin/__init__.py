"""The administration."""

from collections_app.admin import accounts, audit_trail, dashboard, index_models, library, queues  # noqa: F401
