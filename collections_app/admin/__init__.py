"""The administration."""

from collections_app.admin import accounts, audit_trail, dashboard, library, queues  # noqa: F401
