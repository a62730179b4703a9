"""The application's configuration: connects the signals and registers the checks."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate, pre_migrate


class CollectionsAppConfig(AppConfig):
    name = "collections_app"
    verbose_name = "imagesearch"

    def ready(self) -> None:
        from collections_app import checks, signals  # noqa: F401

        post_migrate.connect(make_cache_table, sender=self)
        pre_migrate.connect(drop_triggers_before_migrating, sender=self)
        post_migrate.connect(ensure_names_after_migrating, sender=self)


def make_cache_table(using: str, **_: Any) -> None:
    """The cache's table belongs to no model: it is made beside the others, unless it is there."""
    call_command("createcachetable", database=using, verbosity=0)


def drop_triggers_before_migrating(using: str, plan: list[Any], **_: Any) -> None:
    """Only where there is something to migrate: else the triggers stay, and the index need not be made anew."""
    from collections_app.services.search import name_index

    if plan:
        name_index.drop_name_triggers(using=using)


def ensure_names_after_migrating(using: str, **_: Any) -> None:
    from collections_app.services.search import name_index

    name_index.ensure_name_index(using=using)
