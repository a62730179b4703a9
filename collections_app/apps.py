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
        pre_migrate.connect(let_go_of_names, sender=self)
        post_migrate.connect(keep_names_in_step, sender=self)


def make_cache_table(using: str, **_: Any) -> None:
    """The cache's table belongs to no model: it is made beside the others, unless it is there."""
    call_command("createcachetable", database=using, verbosity=0)


def let_go_of_names(using: str, plan: list[Any], **_: Any) -> None:
    """Only where there is something to migrate: else the triggers stay, and the index need not be made anew."""
    from collections_app.services import names

    if plan:
        names.let_go_of_names(using=using)


def keep_names_in_step(using: str, **_: Any) -> None:
    from collections_app.services import names

    names.keep_names_in_step(using=using)
