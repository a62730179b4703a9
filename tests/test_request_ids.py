"""The id of a request: on its response, on its lines in every thread, on its index jobs and on the worker's lines."""

import io
import logging
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from collections_app.models import ArchiveImport, IndexJob
from collections_app.request_ids import bind_request_id, get_request_id, set_request_id, use_request_id
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.search.background import start_work
from collections_app.services.uploads.unpacking import ArchiveUnpacker
from tests.log_lines import JsonLog, record_json_log
from tests.sample_team import SampleTeam, picture_bytes, put_pictures, sign_in_client
from tests.services.indexing.test_worker import drain_without_pauses
from tests.web_server.conftest import StartServer, start_server
from tests.web_server.raw_client import RawClient, request_once

__all__ = ["start_server"]
HEADER = "X-Request-ID"
log = logging.getLogger("collections_app.tests")


@pytest.fixture
def lines() -> Iterator[JsonLog]:
    with record_json_log() as recorded:
        yield recorded


@pytest.fixture
def as_owner(sample: SampleTeam) -> Client:
    return sign_in_client(sample.owner)


@pytest.fixture
def proxy(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


def send(client: Client, path: str, fields: dict[str, Any], request_id: str) -> int:
    return client.post(path, fields, headers={HEADER: request_id}).status_code


def test_each_response_has_an_id_of_its_own(client: Client, db: None) -> None:
    ids = [client.get(path)[HEADER] for path in ("/", "/", "/missing/", "/-/live/", "/accounts/login/")]
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 32 for each in ids)


@pytest.mark.parametrize("proposed", ["abc", "3f2e-9.A_b", "x" * 64])
def test_id_of_a_proxy_is_accepted(proposed: str, client: Client, db: None, proxy: None) -> None:
    assert client.get("/", headers={HEADER: proposed})[HEADER] == proposed


@pytest.mark.parametrize("proposed", ["", "-", "a b", "a\tb", "x" * 65, '"}', "é", "a/b", "[a]", "a,b"])
def test_malformed_id_is_replaced(proposed: str, client: Client, db: None, proxy: None) -> None:
    assert len(client.get("/", headers={HEADER: proposed})[HEADER]) == 32


def test_id_is_not_accepted_without_a_proxy(client: Client, db: None) -> None:
    assert client.get("/", headers={HEADER: "abc"})[HEADER] != "abc"


def test_line_of_a_refused_request_has_the_id_of_its_response(client: Client, db: None, lines: JsonLog) -> None:
    answer = client.get("/missing/")
    assert [line["request_id"] for line in lines.find("Not Found")] == [answer[HEADER]]


def test_line_about_an_answer_of_a_view_has_its_id(as_owner: Client, lines: JsonLog) -> None:
    answer = as_owner.post("/collections/new/", {"name": ""})
    assert answer.status_code == 400
    assert [line["request_id"] for line in lines.find("Bad Request")] == [answer[HEADER]]


def test_background_search_and_other_threads_log_the_id(lines: JsonLog) -> None:
    is_running = threading.Event()

    def work() -> None:
        is_running.set()
        log.warning("in the background")

    with use_request_id("abc"):
        wait = start_work(work)
        later = bind_request_id(lambda: log.warning("later"))
    assert is_running.wait(60)
    wait()
    later()
    assert [line.get("request_id") for line in lines.lines] == ["abc", "abc"]


def test_streamed_response_logs_its_id_to_its_end_and_no_longer(start_server: StartServer, lines: JsonLog) -> None:
    def stream() -> Iterable[bytes]:
        yield b"begin"
        log.warning("in the middle")
        raise OSError("the storage is gone")

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        log.warning("at the start of %s", environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/":
            set_request_id("abc")  # as the middleware does for a streamed response
        start_response("200 OK", [("Content-Type", "text/plain")])
        return stream() if environ["PATH_INFO"] == "/" else [b"ok"]

    port = start_server(respond)
    with RawClient(port) as client:
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.read_response().status == 200
        while not client.is_closed():
            pass
    for _ in range(8):
        request_once(port, "GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    ids = {line["message"]: line.get("request_id") for line in lines.lines}
    assert ids == {
        "at the start of /": None,
        "in the middle": "abc",
        "The response to / ended early": "abc",
        "at the start of /next": None,
    }


def test_refusal_of_the_web_server_has_an_id(start_server: StartServer) -> None:
    port = start_server(lambda environ, start_response: [])
    answer = request_once(port, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
    assert (answer.status, len(answer.headers["x-request-id"])) == (413, 32)


@pytest.mark.django_db(transaction=True)
class TestIndexJobs:
    def test_upload_edit_and_bulk_actions_write_the_id_to_their_jobs(self, sample: SampleTeam, proxy: None) -> None:
        client = sign_in_client(sample.owner)
        IndexWorker().drain()
        put_pictures(sample, 3)
        chosen = [image.pk for image in sample.collection.images.all()]
        edit = {"title": "Rose", "tags": "red", "description": ""}
        assert send(client, f"/images/{sample.image.pk}/edit/", edit, "edit-1") in (200, 302)
        assert IndexJob.objects.get(image_id=sample.image.pk).request_id == "edit-1"
        assert send(client, "/pictures/tag/", {"image": chosen, "tags": "many"}, "bulk-2") in (200, 302)
        assert set(IndexJob.objects.values_list("request_id", flat=True)) == {"bulk-2"}
        assert send(client, "/pictures/trash/", {"image": chosen}, "trash-3") in (200, 302)
        assert set(IndexJob.objects.values_list("request_id", flat=True)) == {"trash-3"}
        files = {"files": [SimpleUploadedFile("new.png", picture_bytes("green"))], "new_name": "New"}
        answer = client.post("/upload/", files, headers={HEADER: "upload-4", "accept": "application/json"})
        assert answer.status_code == 201
        assert IndexJob.objects.latest("pk").request_id == "upload-4"

    def test_job_keeps_the_id_when_no_request_queues_it_again(self, sample: SampleTeam) -> None:
        with use_request_id("abc"):
            IndexJob.objects.enqueue([sample.image.pk])
        IndexJob.objects.enqueue([sample.image.pk])
        assert IndexJob.objects.get().request_id == "abc"
        with use_request_id("def"):
            IndexJob.objects.enqueue_deleted({sample.image.pk: "x"})
        assert IndexJob.objects.get().request_id == "def"

    def test_worker_logs_the_id_with_the_failure_of_the_picture(self, sample: SampleTeam, lines: JsonLog) -> None:
        put_pictures(sample, 1)
        with use_request_id("abc"):
            sample.image.save()
        default_storage.delete(sample.image.file_name)
        default_storage.save(sample.image.file_name, ContentFile(b"broken"))
        drain_without_pauses()
        failures = lines.find(f"Image {sample.image.pk}: attempt")
        assert len(failures) == 5
        assert {line["request_id"] for line in failures} == {"abc"}
        assert get_request_id() == ""

    def test_zip_file_carries_the_id_to_its_pictures(self, sample: SampleTeam, proxy: None, lines: JsonLog) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.png", picture_bytes("yellow"))
        files = {"files": [SimpleUploadedFile("a.zip", buffer.getvalue())], "new_name": "Zipped"}
        client = sign_in_client(sample.owner)
        client.post("/upload/", files, headers={HEADER: "zip-1", "accept": "application/json"})
        stored = ArchiveImport.objects.get()
        default_storage.delete(stored.file_name)
        ArchiveUnpacker().unpack_next()
        default_storage.save(stored.file_name, ContentFile(buffer.getvalue()))
        ArchiveImport.objects.update(run_after=stored.created_at)
        assert ArchiveUnpacker().unpack_next()
        assert IndexJob.objects.latest("pk").request_id == "zip-1"
