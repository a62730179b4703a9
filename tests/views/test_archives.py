"""Uploaded archives: the worker stores good entries like single files, and the report names the refused ones."""

import io
import stat
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from collections_app.models import ArchiveImport, Image, Membership, Team
from collections_app.services.uploads.unpacking import ArchiveUnpacker
from tests.sample_team import SampleTeam, picture_bytes, picture_file
from tests.services.uploads.test_zip_names import zip_of_raw_names

JSON = {"Accept": "application/json"}
Fill = Callable[[zipfile.ZipFile], None]


def zipped(fill: Fill) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return buffer.getvalue()


def post(client: Client, sample: SampleTeam, content: bytes, name: str = "holiday.zip") -> Any:
    address = f"/collections/{sample.collection.pk}/upload/"
    return client.post(address, {"files": SimpleUploadedFile(name, content)}, headers=JSON)


def send(client: Client, sample: SampleTeam, content: bytes, name: str = "holiday.zip") -> dict[str, object]:
    """Upload an archive, let the worker unpack it, and return the report."""
    answer = post(client, sample, content, name)
    assert answer.status_code == 202
    ArchiveUnpacker().drain()
    report: dict[str, object] = client.get(answer.json()["status_url"], headers=JSON).json()
    assert report["state"] == "done"
    return report


def refusals(report: dict[str, object]) -> dict[str, str]:
    return {each["name"]: each["error"] for each in report["refused"]}  # type: ignore[attr-defined]


def test_archive_pictures_are_accepted_and_system_files_skipped(as_owner: Client, sample: SampleTeam) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("day 1/", "")
        archive.writestr("day 1/blue.png", picture_bytes("blue"))
        archive.writestr("day 2/blue.png", picture_bytes("green"))
        archive.writestr("known.png", picture_bytes("red"))
        archive.writestr("notes.txt", "no picture")
        for hidden in ("__MACOSX/._blue.png", ".DS_Store", "day 1/Thumbs.db"):
            archive.writestr(hidden, "x")

    report = send(as_owner, sample, zipped(fill), name="any name")

    assert (report["added"], report["known"]) == (2, 1)
    assert list(refusals(report)) == ["notes.txt"]
    assert sorted(Image.objects.values_list("original_name", flat=True)) == ["blue.png", "blue.png", "rose.png"]


@pytest.mark.parametrize("name", ["../up.png", "/etc/top.png", "C:/drive.png", "a/../../up.png"])
def test_path_traversal_is_refused(as_owner: Client, sample: SampleTeam, name: str) -> None:
    report = send(as_owner, sample, zipped(lambda archive: archive.writestr(name, picture_bytes("blue"))))
    assert "leads out" in refusals(report)[name]
    assert report["added"] == 0


def test_links_and_nested_archives_are_refused_and_the_rest_accepted(as_owner: Client, sample: SampleTeam) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", zipped(lambda inner: inner.writestr("a.png", picture_bytes("blue"))))
        archive.writestr("good.png", picture_bytes("blue"))

    report = send(as_owner, sample, zipped(fill))
    assert report["added"] == 1
    assert "link" in refusals(report)["link.png"]
    assert "inside the ZIP file" in refusals(report)["inner.zip"]


def test_an_encrypted_entry_is_refused(as_owner: Client, sample: SampleTeam) -> None:
    content = bytearray(zipped(lambda archive: archive.writestr("secret.png", picture_bytes("blue"))))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert "encrypted" in refusals(send(as_owner, sample, bytes(content)))["secret.png"]


def test_bomb_is_stopped_while_unpacking_whatever_its_stated_size(
    as_owner: Client, sample: SampleTeam, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 1
    content = bytearray(zipped(lambda archive: archive.writestr("bomb.png", bytes(64 * 2**20))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.index(signature) + offset
        content[start : start + 4] = (1000).to_bytes(4, "little")
    report = send(as_owner, sample, bytes(content))
    assert report["added"] == 0
    assert refusals(report) == {"bomb.png": "This file is damaged."}
    assert Image.objects.count() == 1


def test_count_and_size_limits_end_the_reading_and_keep_earlier_entries(
    as_owner: Client, sample: SampleTeam, settings: Settings
) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(5):
            archive.writestr(f"{number}.png", picture_bytes((number, 1, 1)))

    settings.MAX_ARCHIVE_IMAGES = 3
    sentence = "A ZIP file has at most 3 pictures."
    assert refusals(send(as_owner, sample, zipped(fill))) == {"3.png": sentence, "4.png": sentence}
    assert Image.objects.count() == 4


def test_damaged_entry_is_named_and_the_others_accepted(as_owner: Client, sample: SampleTeam) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("bad.png", picture_bytes("blue"), zipfile.ZIP_STORED)
        archive.writestr("good.png", picture_bytes("green"))

    content = zipped(fill)
    broken = content.replace(picture_bytes("blue"), picture_bytes("blue")[:-4] + b"XXXX")
    report = send(as_owner, sample, broken)
    assert report["added"] == 1
    assert "damaged" in refusals(report)["bad.png"]
    assert zlib.crc32(content) != zlib.crc32(broken)


def test_quota_applies_to_each_entry(as_owner: Client, sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_images=2)

    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(3):
            archive.writestr(f"{number}.png", picture_bytes((number, 1, 1)))

    report = send(as_owner, sample, zipped(fill))
    assert report["added"] == 1
    assert list(refusals(report)) == ["1.png", "2.png"]
    assert all("has no storage left" in sentence for sentence in refusals(report).values())


def test_plain_form_reports_every_entry(as_owner: Client, sample: SampleTeam) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("blue.png", picture_bytes("blue"))
        archive.writestr("notes.txt", "no picture")

    file = SimpleUploadedFile("holiday.zip", zipped(fill))
    answer = as_owner.post(f"/collections/{sample.collection.pk}/upload/", {"files": file})
    ArchiveUnpacker().drain()
    page = as_owner.get(answer.headers["Location"]).content.decode()
    assert "1 added, 0 already uploaded, 1 failed" in page
    assert "notes.txt" in page


def test_many_refusals_of_one_reason_are_one_line_with_a_count(as_owner: Client, sample: SampleTeam) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("blue.png", picture_bytes("blue"))
        for number in range(40):
            archive.writestr(f"{number}.txt", f"no picture {number}")

    report = send(as_owner, sample, zipped(fill))
    assert (report["added"], report["refused_count"]) == (1, 40)
    assert list(refusals(report)) == ["0.txt, 1.txt, 2.txt and 37 more"]


def test_truncated_archive_is_reported_as_damaged(as_owner: Client, sample: SampleTeam) -> None:
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))[:-30]
    answer = post(as_owner, sample, content)
    assert answer.status_code == 400
    assert "damaged" in answer.json()["error"]


def test_nothing_is_decoded_in_the_request(as_owner: Client, sample: SampleTeam) -> None:
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))
    answer = post(as_owner, sample, content)
    assert answer.status_code == 202
    assert Image.objects.count() == 1
    state = as_owner.get(answer.json()["status_url"], headers=JSON).json()
    assert (state["state"], state["done"], state["total"]) == ("waiting", 0, 1)


def test_page_of_a_waiting_archive_refreshes_itself_and_that_of_a_finished_one_does_not(
    as_owner: Client, sample: SampleTeam
) -> None:
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))
    address = post(as_owner, sample, content).json()["status_url"]
    waiting = as_owner.get(address).content.decode()
    assert 'http-equiv="refresh"' in waiting
    assert "0 of 1 files" in waiting
    ArchiveUnpacker().drain()
    finished = as_owner.get(address).content.decode()
    assert 'http-equiv="refresh"' not in finished
    assert "blue.png" in finished


def test_other_people_see_nothing_of_an_archive(
    as_owner: Client, as_viewer: Client, as_outsider: Client, sample: SampleTeam
) -> None:
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))
    address = post(as_owner, sample, content, name="private.zip").json()["status_url"]
    for client in (as_viewer, as_outsider):
        assert client.get(address).status_code == 404
        assert client.get(address, headers=JSON).status_code == 404
        assert "private.zip" not in client.get("/upload/").content.decode()
    assert "private.zip" in as_owner.get("/upload/").content.decode()


def test_report_shows_no_picture_that_the_person_may_no_longer_see(as_owner: Client, sample: SampleTeam) -> None:
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))
    address = post(as_owner, sample, content).json()["status_url"]
    ArchiveUnpacker().drain()
    Membership.objects.filter(team=sample.team, user=sample.owner).delete()
    page = as_owner.get(address).content.decode()
    assert "blue.png" not in page
    assert "Garden" not in page


def test_an_archive_is_refused_at_once_if_the_team_has_no_room(as_owner: Client, sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_images=1)
    answer = post(as_owner, sample, zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue"))))
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")
    assert not ArchiveImport.objects.exists()


def test_too_many_waiting_archives_are_refused(as_owner: Client, sample: SampleTeam, settings: Settings) -> None:
    settings.MAX_WAITING_ARCHIVES = 1
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))
    assert post(as_owner, sample, content).status_code == 202
    answer = post(as_owner, sample, content)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_archives")


def test_pictures_beside_an_archive_are_stored_at_once(as_owner: Client, sample: SampleTeam) -> None:
    content = zipped(lambda archive: archive.writestr("blue.png", picture_bytes("blue")))
    files = [picture_file("tan.png", "tan"), SimpleUploadedFile("holiday.zip", content)]
    page = as_owner.post(f"/collections/{sample.collection.pk}/upload/", {"files": files}).content.decode()
    assert "1 added, 0 already uploaded, 0 failed" in page
    assert f'href="/archives/{ArchiveImport.objects.get().pk}/"' in page


def test_report_of_an_archive_is_in_the_uploader_s_language(as_owner: Client, sample: SampleTeam) -> None:
    content = zipped(lambda archive: archive.writestr("../up.png", picture_bytes("blue")))
    file = SimpleUploadedFile("a.zip", content)
    headers = JSON | {"Accept-Language": "ru"}
    answer = as_owner.post(f"/collections/{sample.collection.pk}/upload/", {"files": file}, headers=headers)
    ArchiveUnpacker().drain()
    report = as_owner.get(answer.json()["status_url"], headers=headers).json()
    assert "за пределы архива" in report["refused"][0]["error"]


@pytest.mark.parametrize("name", ["backslash.zip", "mac_finder.zip", "windows_cp866.zip"])
def test_archives_of_old_programs_keep_their_names(as_owner: Client, sample: SampleTeam, name: str) -> None:
    names = {
        "backslash.zip": [f"Holiday\\Day1\\pic{number}.jpg".encode() for number in range(3)],
        "mac_finder.zip": ["Собака на снегу.jpg".encode(), "Cafe\u0301.jpg".encode()],
        "windows_cp866.zip": ["Моя летом.jpg".encode("cp866")],
    }[name]
    send(as_owner, sample, zip_of_raw_names(*names))
    stored = set(Image.objects.exclude(pk=sample.image.pk).values_list("original_name", flat=True))
    assert (
        stored
        == {
            "backslash.zip": {"pic0.jpg", "pic1.jpg", "pic2.jpg"},
            "mac_finder.zip": {"Собака на снегу.jpg", "Café.jpg"},
            "windows_cp866.zip": {"Моя летом.jpg"},
        }[name]
    )
