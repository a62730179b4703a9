"""More teams than a Milvus collection holds: the directory in the database, and a site whose index has several."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pymilvus import MilvusClient
from pytest_django import Settings

from collections_app import index
from collections_app.index import TRASH_PARTITION, close_index, set_store_aside
from collections_app.index.schema import is_team_partition, parse_collection_number, parse_team_id
from collections_app.models import Collection, Image, IndexPartition, Membership, Role, Team
from collections_app.services.backup.making import make_backup
from collections_app.services.indexing.directory import SqlDirectory
from collections_app.services.indexing.kept_models import get_active_model, read_kept_models
from collections_app.services.indexing.model_changes import drop_model, switch_model
from collections_app.services.indexing.rebuild import rebuild_store
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.images import move_images
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.teams import delete_team
from tests.other_model import keep_rotated_model
from tests.sample_team import SampleTeam, put_picture
from tests.searches import find_images
from tests.services.backup.sites import Quiet, assert_site_is_whole, lose_everything, restore
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)

MAX_PARTITIONS = 3
TEAMS = 8
COLOURS = ("blue", "brown", "green", "yellow", "white", "black", "orange", "purple")


@pytest.fixture
def collections(sample: SampleTeam, settings: Settings) -> list[Collection]:
    """A collection with two pictures in each of eight teams of one person. All are indexed."""
    settings.MILVUS_MAX_PARTITIONS = MAX_PARTITIONS
    return [add_team(sample, number) for number in range(TEAMS)]


def add_team(sample: SampleTeam, number: int) -> Collection:
    team = Team.objects.create(name=f"Team {number}")
    Membership.objects.create(team=team, user=sample.owner, role=Role.OWNER)
    collection = create_collection(team=team, name="Pictures", creator=sample.owner)
    for name, colour in (("a", COLOURS[number % TEAMS]), ("b", (number * 20, 90, 200))):
        put_picture(collection, sample.owner, f"{name}-{number}.png", colour=colour)
    IndexWorker().drain()
    return collection


def list_partitions(model_key: str) -> dict[int, int]:
    """Return what the embedded store has: the number of the collection by team. A team may be there once."""
    found: list[tuple[int, int]] = []

    def read(client: MilvusClient) -> None:
        for name in client.list_collections():
            if number := parse_collection_number(name, model_key):
                teams = map(parse_team_id, filter(is_team_partition, client.list_partitions(name)))
                found.extend((team_id, number) for team_id in teams)

    index._get_connection().run(read)
    assert len(dict(found)) == len(found)
    return dict(found)


def assert_places_agree() -> None:
    for model in read_kept_models():
        places = dict(IndexPartition.objects.of_model(model.key).values_list("team_id", "number"))
        assert list_partitions(model.key) == places
        assert max(Counter(places.values()).values()) <= MAX_PARTITIONS


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def check_index(*words: str) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        run("reindex", "--check", *words)


def assert_everything_is_found(sample: SampleTeam) -> None:
    """One ranked list has all pictures that the owner may see, in the order of their true scores."""
    images = list(Image.objects.visible_to(sample.owner).not_trashed())
    model = get_active_model()
    vectors = model.index.get_vectors([image.pk for image in images])
    query = model.encoder.encode_texts(["blue"])[0]
    scores = {pk: float(np.dot(vector, query)) for pk, vector in vectors.items()}
    found = [image.pk for image in find_images(sample.owner, "blue")]
    assert sorted(found) == sorted(image.pk for image in images)
    ranked = [scores[pk] for pk in found]
    assert ranked == pytest.approx(sorted(ranked, reverse=True), abs=1e-6)


def test_pictures_of_more_teams_than_partitions_are_in_one_ranked_list(
    sample: SampleTeam, collections: list[Collection]
) -> None:
    assert len(set(list_partitions(get_active_model().key).values())) == 3

    assert_everything_is_found(sample)
    assert_index_agrees()
    assert_places_agree()


def test_moves_trash_and_deleted_teams_leave_no_copies(sample: SampleTeam, collections: list[Collection]) -> None:
    first, last = collections[0], collections[-1]
    move_images(images=Image.objects.filter(collection=first), target=last)
    move_images(images=Image.objects.filter(collection=collections[3]), target=collections[4])
    trash_images(images=Image.objects.filter(collection=collections[5]), trasher=sample.owner)
    delete_team(team=collections[6].team)
    IndexWorker().drain()

    assert_index_agrees()
    assert_everything_is_found(sample)
    assert "All queued pictures are done" in run("reindex")
    places = list_partitions(get_active_model().key)
    assert collections[6].team_id not in places
    assert TRASH_PARTITION in places
    add_team(sample, TEAMS)
    assert_places_agree()
    check_index()


def test_search_asks_the_directory_once(sample: SampleTeam, collections: list[Collection]) -> None:
    assert_everything_is_found(sample)  # it draws the sample of the scope
    of_directory = count_statements_of_directory(sample)
    add_team(sample, TEAMS)

    assert count_statements_of_directory(sample) == of_directory == 1


def test_search_without_a_limit_does_not_read_the_directory(sample: SampleTeam) -> None:
    add_team(sample, 1)

    assert count_statements_of_directory(sample) == 0
    assert not IndexPartition.objects.exists()


def count_statements_of_directory(sample: SampleTeam) -> int:
    with CaptureQueriesContext(connection) as statements:
        assert find_images(sample.owner, "blue")
    return sum(IndexPartition._meta.db_table in each["sql"] for each in statements)


def test_existing_installation_keeps_its_partitions(sample: SampleTeam, settings: Settings) -> None:
    collections = [add_team(sample, number) for number in range(5)]
    key = get_active_model().key
    before = list_partitions(key)
    assert set(before.values()) == {1}
    close_index()
    settings.MILVUS_MAX_PARTITIONS = MAX_PARTITIONS

    assert_everything_is_found(sample)
    add_team(sample, 6)

    after = list_partitions(key)
    assert {team: number for team, number in after.items() if team in before} == before
    assert Counter(after.values()) == {1: len(before), 2: 1}
    assert {each.team_id for each in collections} <= set(IndexPartition.objects.values_list("team_id", flat=True))
    assert_everything_is_found(sample)
    assert_index_agrees()


def test_erased_team_leaves_no_partition_and_no_place(sample: SampleTeam, collections: list[Collection]) -> None:
    team = collections[-1].team
    assert IndexPartition.objects.filter(team_id=team.pk, number=3).exists()

    assert "Nothing is left." in run("erase_team", team.name, "--yes")

    assert not IndexPartition.objects.filter(team_id=team.pk).exists()
    assert_places_agree()


def test_another_model_has_its_own_places(
    sample: SampleTeam, collections: list[Collection], settings: Settings, tmp_path: Path
) -> None:
    former = get_active_model()
    other = keep_rotated_model(tmp_path / "rotated")
    assert_places_agree()
    assert_index_agrees()
    assert len(set(list_partitions(other.key).values())) == 3

    switch_model()
    assert_everything_is_found(sample)
    settings.CLIP_MODEL = other.name
    drop_model(former.key, pause=lambda _seconds: None)

    assert list_partitions(former.key) == {}
    assert not IndexPartition.objects.of_model(former.key).exists()
    assert_everything_is_found(sample)


def test_restored_backup_places_the_teams_again(
    sample: SampleTeam, collections: list[Collection], settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    make_backup(folder, progress=Quiet())
    lose_everything(settings, tmp_path)
    settings.MILVUS_MAX_PARTITIONS = 2

    assert restore(folder) == 2 * TEAMS + 1

    assert_site_is_whole()
    assert max(Counter(list_partitions(get_active_model().key).values()).values()) == 2


def test_damaged_store_is_rebuilt_with_all_collections(sample: SampleTeam, collections: list[Collection]) -> None:
    rebuilt = rebuild_store()

    assert rebuilt is not None
    assert rebuilt.restored == 2 * TEAMS + 1
    assert_index_agrees()
    assert_everything_is_found(sample)
    assert_places_agree()
    check_index("--deep")


def test_lost_index_is_filled_again_at_the_same_places(sample: SampleTeam, collections: list[Collection]) -> None:
    places = list_partitions(get_active_model().key)
    set_store_aside()
    assert get_active_model().index.count() == 0

    run("reindex")

    assert list_partitions(get_active_model().key) == places
    assert_index_agrees()


def test_lost_rows_are_written_again_by_reindex(sample: SampleTeam, collections: list[Collection]) -> None:
    """The database comes from an older copy, and the index was kept."""
    IndexPartition.objects.filter(number__gt=1).delete()

    check_index()
    assert not IndexPartition.objects.filter(number__gt=1).exists()
    run("reindex")

    assert_places_agree()
    assert_everything_is_found(sample)


def test_threads_that_place_teams_at_once_place_each_once(settings: Settings) -> None:
    settings.MILVUS_MAX_PARTITIONS = MAX_PARTITIONS
    directory = SqlDirectory(model_key="a model")
    SqlDirectory(model_key="another model").place(range(10), {})

    def place(start: int) -> list[int]:
        try:
            numbers = []
            for team in range(start, start + 20):
                with directory.lock():
                    numbers.append(directory.place([team], {})[team])
            return numbers
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        placed = list(threads.map(place, [1, 5, 9, 13]))

    places = dict(IndexPartition.objects.of_model("a model").values_list("team_id", "number"))
    assert [[places[team] for team in range(start, start + 20)] for start in (1, 5, 9, 13)] == placed
    assert len(places) == 32
    assert sorted(Counter(places.values()).values()) == [2, *[MAX_PARTITIONS] * 10]
