"""Migrations of a site that has data."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.sample_team import SampleTeam

BEFORE, AFTER = ("collections_app", "0007_perceptual_hash"), ("collections_app", "0008_standard_names")


def migrate(target: tuple[str, str]) -> Any:
    """Migrate, and return the models of that state."""
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return MigrationExecutor(connection).loader.project_state([target]).apps


@pytest.fixture
def latest() -> Any:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("latest")
def test_standard_names_keep_every_row(sample: SampleTeam) -> None:
    old = migrate(BEFORE)
    old.get_model("collections_app", "Mark").objects.create(
        user_id=sample.owner.pk, image_id=sample.image.pk, query="a rose", is_right=True
    )
    old.get_model("collections_app", "DistinctImages").objects.create(
        team_id=sample.team.pk, image_ids=[1, 2], member_id=sample.owner.pk
    )
    old.get_model("collections_app", "IndexJob").objects.filter(image_id=sample.image.pk).update(dead=True, error="x")

    new = migrate(AFTER)

    judgment = new.get_model("collections_app", "RelevanceJudgment").objects.get()
    assert (judgment.query, judgment.is_right, judgment.image_id) == ("a rose", True, sample.image.pk)
    assert new.get_model("collections_app", "DuplicateDismissal").objects.get().image_ids == [1, 2]
    assert new.get_model("collections_app", "IndexJob").objects.get().is_failed is True
