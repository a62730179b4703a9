"""The application's configuration: connects the signals and registers the checks."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


class CollectionsAppConfig(AppConfig):
    name = "collections_app"
    verbose_name = "imagesearch"

    def ready(self) -> None:
        from collections_app import checks, signals  # noqa: F401

        post_migrate.connect(make_cache_table, sender=self)


def make_cache_table(using: str, **_: Any) -> None:
    """The cache's table belongs to no model: it is made beside the others, unless it is there."""
    call_command("createcachetable", database=using, verbosity=0)
