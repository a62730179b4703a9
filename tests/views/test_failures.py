"""A database that is locked, full or away: a sentence and 503, and no wait for writes that do not matter."""

import sqlite3
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client

from collections_app.errors import StorageUnavailable
from collections_app.models import Image
from tests.sample_team import SampleTeam, put_picture, sign_in_client

pytestmark = pytest.mark.django_db(transaction=True)
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="Locks and fills the file of SQLite.")

PASSWORD = "a long password"
JSON = {"accept": "application/json"}


@pytest.fixture
def owner(sample: SampleTeam) -> Client:
    client = sign_in_client(sample.owner)
    client.raise_request_exception = False
    return client


@pytest.fixture
def visitor(sample: SampleTeam) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def busy(sample: SampleTeam, owner: Client) -> Iterator[None]:
    """Another process writes and does not end. Waiting is cut from 20 s to 0.1 s."""
    writer = sqlite3.connect(connection.settings_dict["NAME"], uri=True, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    yield
    writer.execute("ROLLBACK")
    writer.close()
    connection.close()


@pytest.fixture
def full(sample: SampleTeam, owner: Client) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # rows that earlier tests deleted left pages that could be filled
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    yield
    connection.close()


@pytest.fixture
def away(sample: SampleTeam, owner: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", "/nonexistent/imagesearch.sqlite3")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    yield
    monkeypatch.undo()
    connection.close()


def sign_in(client: Client) -> int:
    return client.post("/accounts/login/", {"login": "owner@example.com", "password": PASSWORD}).status_code


@only_sqlite
@pytest.mark.usefixtures("busy")
def test_writes_get_503_while_the_database_is_locked(owner: Client, visitor: Client, sample: SampleTeam) -> None:
    page = owner.post("/collections/new/", {"name": "Roses"})
    assert page.status_code == 503
    assert "database is busy" in page.content.decode()
    assert page.headers["Retry-After"]
    answer = owner.post(f"/images/{sample.image.pk}/edit/", {"title": "Rose", "tags": ""}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert sign_in(visitor) == 503


@only_sqlite
@pytest.mark.usefixtures("busy")
def test_pages_and_searches_work_while_the_database_is_locked(owner: Client, sample: SampleTeam) -> None:
    for address in ("/", f"/collections/{sample.collection.pk}/", "/search/?q=name:rose", "/healthz/"):
        assert owner.get(address).status_code == 200


@only_sqlite
@pytest.mark.usefixtures("busy")
def test_attempt_that_cannot_be_counted_is_not_refused_as_one_too_many(sample: SampleTeam) -> None:
    with pytest.raises(OperationalError):
        cache.add("attempt", 1, 60)
    cache.set("attempt", 1, 60)
    assert cache.get("attempt") is None


def test_attempts_are_counted_once(sample: SampleTeam) -> None:
    assert cache.add("attempt", 1, 60)
    assert not cache.add("attempt", 2, 60)
    cache.delete("attempt")
    assert cache.add("attempt", 3, 60)
    assert cache.get("attempt") == 3


@only_sqlite
@pytest.mark.usefixtures("full")
def test_full_disk_is_a_503_and_searches_go_on(owner: Client, sample: SampleTeam) -> None:
    address, number, status = "/collections/new/", 0, 302
    while status == 302 and number < 300:
        number += 1
        status = owner.post(address, {"name": f"{number} " + "x" * 90}).status_code
    assert status == 503
    assert owner.get("/search/?q=name:rose").status_code == 200


@pytest.mark.usefixtures("away")
def test_database_that_is_away_is_a_503_everywhere(owner: Client, visitor: Client) -> None:
    for address in ("/", "/search/?q=rose", "/upload/", "/accounts/login/", "/s/x/"):
        page = owner.get(address)
        assert page.status_code == 503, address
        assert "database" in page.content.decode()
    assert owner.get("/upload/", headers=JSON).json()["code"] == "unavailable"
    assert sign_in(visitor) == 503
    assert visitor.get("/healthz/").status_code == 503


def test_page_is_in_the_language_of_the_reader(owner: Client, away: None) -> None:
    page = owner.get("/", headers={"accept-language": "ru"})
    assert page.status_code == 503
    assert "База данных" in page.content.decode()


def test_storage_that_no_view_expects_to_fail_is_a_503(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise StorageUnavailable("The storage is unavailable.")

    monkeypatch.setattr("collections_app.views.indexing.requeue_failed_images", fail)
    page = owner.post("/indexing/retry/")
    assert page.status_code == 503
    assert "storage is unavailable" in page.content.decode()


def test_error_of_ours_stays_a_500(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("collections_app.views.indexing.requeue_failed_images", fail)
    assert owner.post("/indexing/retry/").status_code == 500
    answer = owner.post("/indexing/retry/", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (500, "error")


def test_a_thousand_results_can_be_selected(owner: Client, sample: SampleTeam) -> None:
    other = put_picture(sample.collection, sample.owner, "tulip.png", colour="yellow")
    ids = [sample.image.pk, other.pk, *range(10**6, 10**6 + 998)]
    page = owner.post("/pictures/trash/", {"image": ids, "collection": sample.collection.pk})
    assert page.status_code == 302
    assert not Image.objects.not_trashed().exists()
