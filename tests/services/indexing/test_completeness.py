"""An index that has lost entries: detected, queued once, and reported on every page that searches."""

import shutil
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from collections_app.encoders import Encoder, get_encoder
from collections_app.errors import IndexIncomplete, IndexUnavailable
from collections_app.index import Record, close_index
from collections_app.models import Image, IndexJob, IndexState, PublicLink
from collections_app.services.indexing.completeness import restore_lost_entries
from collections_app.services.indexing.entries import build_entry
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.maintenance import run_maintenance
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from collections_app.services.sharing.teams import create_team
from tests.encoders.caching_encoder import CachingEncoder
from tests.sample_team import CLOSED_PORT, SampleTeam, put_picture, put_pictures, sign_in_client
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


class OtherModel(CachingEncoder):
    """The same model under another name."""

    @property
    def key(self) -> str:
        return f"other-{super().key}"


@pytest.fixture
def indexed(sample: SampleTeam) -> SampleTeam:
    """Seven pictures in two teams, one of them in the trash."""
    put_pictures(sample, 4)
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    other = create_collection(team=create_team(name="Others", owner=sample.owner), name="O", creator=sample.owner)
    put_picture(other, sample.owner, "other.png", colour="green")
    put_picture(other, sample.owner, "second.png", colour="white")
    IndexWorker().drain()
    return sample


@pytest.fixture
def lost(indexed: SampleTeam, settings: Settings) -> SampleTeam:
    """The store's folder is gone."""
    close_index()
    shutil.rmtree(settings.EMBEDDED_STORE_DIR)
    return indexed


@pytest.fixture
def other_model(indexed: SampleTeam, settings: Settings) -> Encoder:
    close_index()
    settings.ENCODER_CLASS = f"{__name__}.OtherModel"
    return get_encoder()


def test_complete_index_queues_nothing(indexed: SampleTeam) -> None:
    assert restore_lost_entries() == 0
    assert not IndexJob.objects.exists()


def test_lost_index_is_queued_once_and_restored(lost: SampleTeam) -> None:
    run_maintenance()
    run_maintenance()

    assert IndexJob.objects.count() == 7
    IndexWorker().drain()
    assert_index_agrees()
    assert restore_lost_entries() == 0


def test_lost_entry_is_queued_although_another_team_has_one_too_many(indexed: SampleTeam) -> None:
    gone, kept = Image.objects.not_trashed().earliest("pk"), Image.objects.not_trashed().latest("pk")
    get_active_model().index.delete([gone.pk])
    orphan = Image.objects.filter(pk=kept.pk).select_related("collection").get()
    orphan.pk = 10**6
    vector = np.eye(1, get_encoder().dim, dtype=np.float32)[0]
    get_active_model().index.upsert([Record(entry=build_entry(orphan), vector=vector)])

    run_maintenance()

    assert list(IndexJob.objects.values_list("image_id", flat=True)) == [gone.pk]


def test_lost_entries_of_the_trash_are_restored(indexed: SampleTeam) -> None:
    get_active_model().index.delete([indexed.image.pk])

    assert restore_lost_entries() == 1


def test_waiting_pictures_are_not_lost(sample: SampleTeam) -> None:
    assert restore_lost_entries() == 0
    job = IndexJob.objects.get()
    assert job.attempts == 0


def test_unreachable_index_has_lost_nothing(indexed: SampleTeam, settings: Settings) -> None:
    close_index()
    settings.MILVUS_URI = CLOSED_PORT

    with pytest.raises(IndexUnavailable):
        restore_lost_entries()

    assert not IndexJob.objects.exists()
    assert Image.objects.filter(index_state=IndexState.INDEXED).count() == 7


def test_pictures_of_another_model_are_queued_once(other_model: Encoder) -> None:
    assert restore_lost_entries() == 7
    assert restore_lost_entries() == 0

    IndexWorker().drain()
    assert_index_agrees()


def test_many_pictures_are_queued_in_few_statements(lost: SampleTeam, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(45):  # type: ignore[operator]
        restore_lost_entries()


def test_search_of_a_lost_index_is_a_503_with_a_sentence(lost: SampleTeam) -> None:
    answer = sign_in_client(lost.owner).get("/search/", {"q": "a red thing"})

    assert answer.status_code == 503
    assert "The search index has lost its entries." in answer.content.decode()


def test_search_of_a_lost_index_is_a_failure_for_every_caller(lost: SampleTeam) -> None:
    with pytest.raises(IndexIncomplete):
        run_search(parse_search_request(user=lost.owner, parameters={"q": "a red thing"}))


def test_search_finds_nothing_while_the_only_picture_moves_into_a_team(indexed: SampleTeam) -> None:
    empty = create_collection(team=create_team(name="Empty", owner=indexed.viewer), name="E", creator=indexed.viewer)
    moving = Image.objects.not_trashed().filter(collection__name="O")
    assert moving.update(collection=empty) == 2

    newcomer = parse_search_request(user=indexed.viewer, parameters={"q": "a red thing", "team": str(empty.team_id)})
    assert not run_search(newcomer).ranked


def test_search_finds_nothing_while_the_only_picture_leaves_the_trash(indexed: SampleTeam) -> None:
    own = Image.objects.filter(collection=indexed.collection)
    trash_images(images=own, trasher=indexed.owner)
    IndexWorker().drain()
    restore_images(images=own)

    request = parse_search_request(
        user=indexed.owner, parameters={"q": "a red thing", "team": str(indexed.collection.team_id)}
    )
    assert not run_search(request).ranked


def test_public_link_says_that_the_index_is_lost(lost: SampleTeam, client: Client) -> None:
    link = PublicLink.objects.create(collection=lost.collection, creator=lost.owner)

    assert client.get(f"/s/{link.secret}/search/", {"q": "red"}).status_code == 503


def test_search_page_says_how_many_pictures_are_searchable(indexed: SampleTeam) -> None:
    lost_ids = list(Image.objects.not_trashed().order_by("pk").values_list("pk", flat=True)[:2])
    get_active_model().index.delete(lost_ids)
    restore_lost_entries()

    page = sign_in_client(indexed.owner).get("/search/", {"q": "a red thing"})
    assert page.status_code == 200
    assert "The search index is incomplete: 4 of 6 pictures are searchable." in page.content.decode()


def test_complete_index_is_not_called_incomplete(indexed: SampleTeam) -> None:
    page = sign_in_client(indexed.owner).get("/search/", {"q": "a red thing"})

    assert "incomplete" not in page.content.decode()


def test_counts_are_those_of_the_pictures_that_one_sees(indexed: SampleTeam) -> None:
    get_active_model().index.delete(list(Image.objects.values_list("pk", flat=True)))
    restore_lost_entries()

    for person, sentence in ((indexed.viewer, "0 of 4 pictures"), (indexed.outsider, "")):
        page = sign_in_client(person).get("/search/", {"q": "a red thing"}).content.decode()
        assert sentence in page
        assert sentence or "incomplete" not in page


def test_public_link_says_how_many_pictures_of_its_collection_are_searchable(
    indexed: SampleTeam, client: Client
) -> None:
    link = PublicLink.objects.create(collection=indexed.collection, creator=indexed.owner)
    get_active_model().index.delete([Image.objects.filter(collection=indexed.collection).not_trashed()[0].pk])
    restore_lost_entries()

    page = client.get(f"/s/{link.secret}/search/", {"q": "red"}).content.decode()

    assert "3 of 4 pictures are searchable" in page


def test_saved_searches_and_the_terminal_say_that_the_index_is_incomplete(indexed: SampleTeam) -> None:
    get_active_model().index.delete([Image.objects.not_trashed()[0].pk])
    restore_lost_entries()
    complaints = StringIO()

    call_command("search", "red", "--user", indexed.owner.email, stdout=StringIO(), stderr=complaints)
    page = sign_in_client(indexed.owner).get("/searches/").content.decode()

    assert "5 of 6 pictures are searchable" in complaints.getvalue()
    assert "5 of 6 pictures are searchable" in page
