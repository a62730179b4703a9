"""Migrations of a site that has data."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from collections_app.services.library.image_totals import drop_total_triggers
from collections_app.services.search.name_index import drop_name_triggers
from tests.sample_team import SampleTeam, put_picture

BEFORE, AFTER = ("collections_app", "0007_perceptual_hash"), ("collections_app", "0008_standard_names")
DISMISSALS_BEFORE, DISMISSALS_AFTER = (
    ("collections_app", "0016_stored_names"),
    ("collections_app", "0019_duplicate_groups"),
)
STORED_BEFORE, STORED_AFTER = ("collections_app", "0009_plain_words"), ("collections_app", "0016_stored_names")


def migrate(target: tuple[str, str]) -> Any:
    """Migrate as `manage.py migrate` does, and return the models of that state."""
    drop_name_triggers(using="default")
    drop_total_triggers(using="default")
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return MigrationExecutor(connection).loader.project_state([target]).apps


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


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("latest")
def test_stored_names_are_cleaned_and_none_is_lost(sample: SampleTeam) -> None:
    old = migrate(STORED_BEFORE)
    names = ["ёлка", "a  b", "Cafe\u0301", "tab\there"]
    collections = old.get_model("collections_app", "Collection").objects
    for name in names:
        collections.create(team_id=sample.team.pk, name=name)
    old.get_model("collections_app", "Team").objects.filter(pk=sample.team.pk).update(name="two  words")
    old.get_model("collections_app", "Image").objects.update(title="a\t b", tags=["x  y", "X Y", "sea"])
    old.get_model("collections_app", "IndexJob").objects.all().delete()

    new = migrate(STORED_AFTER)

    rows = new.get_model("collections_app", "Collection").objects.order_by("pk").values_list("name", "folded_name")
    assert list(rows) == [
        ("Garden", "garden"),
        ("ёлка", "ёлка"),
        ("a b", "a b"),
        ("Café", "café"),
        ("tab here", "tab here"),
    ]
    image = new.get_model("collections_app", "Image").objects.get()
    assert (image.title, image.tags) == ("a b", ["X Y", "sea"])
    assert new.get_model("collections_app", "Team").objects.get(pk=sample.team.pk).name == "two words"
    assert [job.image_id for job in new.get_model("collections_app", "IndexJob").objects.all()] == [image.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("latest")
def test_collections_that_get_the_same_name_are_numbered(sample: SampleTeam) -> None:
    collections = migrate(STORED_BEFORE).get_model("collections_app", "Collection").objects
    for name in ("Trip 1", "Trip  1", "trip\t1"):
        collections.create(team_id=sample.team.pk, name=name)
    new = migrate(STORED_AFTER).get_model("collections_app", "Collection")
    names = new.objects.exclude(pk=sample.collection.pk).order_by("pk").values_list("name", flat=True)
    assert list(names) == ["Trip 1", "Trip 1 (2)", "trip 1 (3)"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("latest")
def test_dismissed_duplicates_keep_their_pictures(sample: SampleTeam) -> None:
    ids = [sample.image.pk, put_picture(sample.collection, sample.owner, "sky.png").pk]
    old = migrate(DISMISSALS_BEFORE)
    row = {"team_id": sample.team.pk, "member_id": sample.owner.pk}
    old.get_model("collections_app", "DuplicateDismissal").objects.create(image_ids=[*ids, 10**9], **row)

    new = migrate(DISMISSALS_AFTER)
    dismissal = new.get_model("collections_app", "DuplicateDismissal").objects.get()
    assert sorted(dismissal.images.values_list("pk", flat=True)) == ids

    back = migrate(DISMISSALS_BEFORE)
    assert back.get_model("collections_app", "DuplicateDismissal").objects.get().image_ids == ids
