"""The application's configuration: connects the signals and registers the checks."""

from django.apps import AppConfig


class CollectionsAppConfig(AppConfig):
    name = "collections_app"
    verbose_name = "imagesearch"

    def ready(self) -> None:
        from collections_app import checks, signals  # noqa: F401
