"""How static files are collected: under hashed names, with imports between scripts rewritten to those names."""

from django.contrib.staticfiles.apps import StaticFilesConfig
from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(StaticFilesConfig):
    """Leave out htmx's extensions: no page uses them, and one has a comment that reads as an import."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "django_htmx/ext/*"]


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """`collectstatic` writes hashed copies and a manifest. Without a manifest files keep their plain names."""

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        return super().stored_name(name) if self.hashed_files else name
