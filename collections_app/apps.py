"""The application's configuration."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate


class CollectionsAppConfig(AppConfig):
    name = "collections_app"
    verbose_name = "imagesearch"

    def ready(self) -> None:
        from collections_app import checks, signals  # noqa: F401

        connection_created.connect(prepare_connection)
        post_migrate.connect(create_cache_table, sender=self)
        pre_migrate.connect(drop_triggers_before_migrating, sender=self)
        post_migrate.connect(encrypt_secrets_after_migrating, sender=self)
        post_migrate.connect(ensure_names_after_migrating, sender=self)
        post_migrate.connect(count_images_after_migrating, sender=self)


def prepare_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    from collections_app.services.search import name_index

    name_index.register_functions(connection)
    if connection.vendor == "postgresql":
        # Cursors are read to their end. PostgreSQL plans them for the first tenth of the rows, which was 1,000 times
        # slower where few of a million pictures match.
        with connection.cursor() as cursor:
            cursor.execute("SET cursor_tuple_fraction = 1")


def create_cache_table(using: str, **_: Any) -> None:
    """Create the cache table, which belongs to no model, unless it exists."""
    call_command("createcachetable", database=using, verbosity=0)


def encrypt_secrets_after_migrating(using: str, **_: Any) -> None:
    """Encrypt secrets that are stored in clear or encrypted with an earlier secret key."""
    from collections_app.services.sharing.secret_encryption import encrypt_stored_secrets

    if using == DEFAULT_DB_ALIAS and "mfa_authenticator" in connection.introspection.table_names():
        encrypt_stored_secrets()


def drop_triggers_before_migrating(using: str, plan: list[Any], **_: Any) -> None:
    """Drop the triggers if there are migrations to run. Without migrations nothing has to be built again."""
    from collections_app.services.library.image_totals import drop_total_triggers
    from collections_app.services.search import name_index

    if plan:
        name_index.drop_name_triggers(using=using)
        drop_total_triggers(using=using)


def ensure_names_after_migrating(using: str, **_: Any) -> None:
    from collections_app.services.search import name_index

    name_index.ensure_name_index(using=using)


def count_images_after_migrating(using: str, **_: Any) -> None:
    from collections_app.services.library.image_totals import ensure_image_totals

    ensure_image_totals(using=using)
