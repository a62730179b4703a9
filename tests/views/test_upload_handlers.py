"""The upload handlers: what a request may store before a view checks it."""

import io
import resource
import signal
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.test import Client, RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from pytest_django import Settings

from collections_app.models import Image
from collections_app.services.uploads.unpacking import ArchiveUnpacker
from collections_app.upload_handlers import TruncatedFile, UnstoredFile
from tests.sample_team import SampleTeam, picture_bytes, picture_file, sign_in_client

JSON = {"Accept": "application/json"}
MIB = 2**20


class RequestBody(io.BytesIO):
    """The body of a request, which counts the bytes that were read."""

    def bytes_read(self) -> int:
        return self.tell()


@pytest.fixture
def address(sample: SampleTeam) -> str:
    return f"/collections/{sample.collection.pk}/upload/"


@pytest.fixture(autouse=True)
def small(settings: Settings, tmp_path: Path) -> None:
    settings.MAX_UPLOAD_MB, settings.MAX_ARCHIVE_MB = 1, 3
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path


def send_raw(client: Client, address: str, size: int) -> tuple[int, RequestBody]:
    """Send a file as a browser does, with the cookie and the field of the site's forms."""
    client.cookies["csrftoken"] = token = "a" * 32
    fields = {"csrfmiddlewaretoken": token, "files": SimpleUploadedFile("a.png", bytes(size))}
    body = encode_multipart(BOUNDARY, fields)
    sent = RequestBody(body)
    extra: dict[str, object] = {"wsgi.input": sent, "CONTENT_LENGTH": str(len(body))}
    answer = client.generic("POST", address, b"x", MULTIPART_CONTENT, headers=JSON, **extra)  # type: ignore[arg-type]
    return answer.status_code, sent


@pytest.mark.parametrize("path", ["upload", "collection", "elsewhere"])
def test_a_stranger_s_file_is_not_read(path: str, address: str) -> None:
    aim = {"upload": "/upload/", "collection": address, "elsewhere": "/teams/"}[path]
    status, sent = send_raw(Client(enforce_csrf_checks=True), aim, 4 * MIB)
    assert status == 401
    assert sent.bytes_read() < MIB


def test_a_member_s_file_is_read(sample: SampleTeam, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(sample.owner)
    client.cookies["csrftoken"] = "a" * 32
    body = encode_multipart(BOUNDARY, {"csrfmiddlewaretoken": "a" * 32, "files": picture_file("b.png", "blue")})
    answer = client.generic("POST", address, body, MULTIPART_CONTENT, headers=JSON)
    assert answer.status_code == 201


def test_oversized_file_is_truncated_and_reported(address: str, sample: SampleTeam) -> None:
    file = SimpleUploadedFile("big.png", bytes(5 * MIB))
    answer = sign_in_client(sample.owner).post(address, {"files": file}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["error"] == "This file is 5 MB. The limit is 1 MB."


def test_files_beside_a_truncated_one_arrive(address: str, sample: SampleTeam) -> None:
    files = [picture_file("a.png", "blue"), SimpleUploadedFile("big.png", bytes(5 * MIB)), picture_file("c.png", "tan")]
    page = sign_in_client(sample.owner).post(address, {"files": files}).content.decode()
    assert "2 added, 0 already uploaded, 1 failed" in page
    assert "The limit is 1 MB" in page
    assert set(Image.objects.values_list("original_name", flat=True)) == {"rose.png", "a.png", "c.png"}


def test_an_archive_may_be_larger_than_a_picture(address: str, sample: SampleTeam) -> None:
    content = archive_of(2 * MIB)
    answer = sign_in_client(sample.owner).post(address, {"files": SimpleUploadedFile("a.zip", content)}, headers=JSON)
    assert answer.status_code == 202
    ArchiveUnpacker().drain()
    assert Image.objects.filter(original_name="blue.png").exists()


def test_archive_over_its_own_limit_is_truncated(address: str, sample: SampleTeam) -> None:
    file = SimpleUploadedFile("a.zip", archive_of(4 * MIB))
    answer = sign_in_client(sample.owner).post(address, {"files": file}, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (413, "The ZIP file is too large. Split it into several.")


def test_a_request_as_a_whole_has_a_limit(address: str, sample: SampleTeam) -> None:
    files = [SimpleUploadedFile(f"{number}.bin", bytes(MIB - 9)) for number in range(5)]
    page = sign_in_client(sample.owner).post(address, {"files": files}).content.decode()
    assert page.count("This upload is too large") == 2


def test_truncated_file_takes_no_space(sample: SampleTeam, tmp_path: Path) -> None:
    files = parse_files(sample, [bytes(5 * MIB), picture_bytes("blue")])
    assert [type(file) is TruncatedFile for file in files] == [True, False]
    assert sum(path.stat().st_size for path in tmp_path.glob("*.upload*")) < MIB


def parse_files(sample: SampleTeam, contents: list[bytes]) -> list["UploadedFile[bytes]"]:
    request = RequestFactory().post("/upload/", {"files": [SimpleUploadedFile("x", each) for each in contents]})
    request.user = sample.owner
    return request.FILES.getlist("files")


def test_an_archive_s_first_bytes_may_come_in_pieces(sample: SampleTeam) -> None:
    """The file may begin anywhere in the 64 KiB chunks of the parser."""
    for padding in range(2**16 - 260, 2**16, 13):
        fields = {"padding": "x" * padding, "files": SimpleUploadedFile("a.zip", archive_of(2 * MIB))}
        request = RequestFactory().post("/upload/", fields)
        request.user = sample.owner
        assert type(request.FILES["files"]) is not TruncatedFile


def test_far_too_large_request_is_refused_unread(address: str, sample: SampleTeam) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(sample.owner)
    status, sent = send_raw(client, address, 7 * MIB)
    assert status == 400
    assert sent.bytes_read() == 0


def test_full_disk_is_reported_and_files_in_memory_arrive(
    address: str, sample: SampleTeam, settings: Settings, tmp_path: Path
) -> None:
    """A small file stays in memory. The larger one is written to a folder that does not exist."""
    settings.MAX_UPLOAD_MB, settings.FILE_UPLOAD_TEMP_DIR = 9, tmp_path / "missing"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**16
    client, large = sign_in_client(sample.owner), SimpleUploadedFile("a.png", bytes(MIB))
    answer = client.post(address, {"files": large}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage")
    assert answer.json()["error"] == "Pictures can't be stored right now. Try again later."
    assert client.post(address, {"files": picture_file("b.png", "blue")}, headers=JSON).status_code == 201


@pytest.mark.parametrize("room", [0, 2**16, 5 * 2**16])
def test_disk_that_fills_up_is_reported(room: int, sample: SampleTeam, settings: Settings) -> None:
    """The system limits the size of every file of this process."""
    settings.MAX_UPLOAD_MB, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 9, 2**16
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    request = RequestFactory().post("/upload/", {"files": [SimpleUploadedFile("x", bytes(MIB)) for _ in range(2)]})
    request.user = sample.owner
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        files = request.FILES.getlist("files")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert [type(file) for file in files] == [UnstoredFile, UnstoredFile]


def test_oversized_example_is_reported(sample: SampleTeam) -> None:
    file = SimpleUploadedFile("big.png", bytes(2 * MIB))
    page = sign_in_client(sample.owner).post("/search/examples/", {"example": file}, follow=True).content.decode()
    assert "big.png: This file is 2 MB. The limit is 1 MB." in page


def archive_of(byte_size: int) -> bytes:
    """Return an archive with a picture and a hidden file of the given size."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("blue.png", picture_bytes("blue"))
        archive.writestr("__MACOSX/ballast", bytes(byte_size))
    return buffer.getvalue()
