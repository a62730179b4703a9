"""Clean-up of tests that migrate to earlier versions."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from collections_app.services.library.image_totals import ensure_image_totals
from collections_app.services.search.name_index import ensure_name_index


@pytest.fixture
def latest() -> Iterator[None]:
    """Migrate to the latest version after the test."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    ensure_name_index(using="default")
    ensure_image_totals(using="default")
