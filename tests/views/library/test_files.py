"""The files of pictures, and who may load them."""

import io

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image as Pillow

from collections_app.models import Image, Membership
from collections_app.services.library.files import clean_file_name
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, picture_bytes

FILES = ["/images/{}/file/", "/images/{}/download/", "/images/{}/thumbnail/", "/images/{}/preview/"]


@pytest.fixture(params=FILES)
def address(request: pytest.FixtureRequest, sample: SampleTeam) -> str:
    return str(request.param).format(sample.image.pk)


def body(answer: object) -> bytes:
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_visitor_is_sent_to_sign_in(address: str, client: Client) -> None:
    assert client.get(address).status_code == 302


def test_outsider_gets_404_also_with_the_right_etag(address: str, as_owner: Client, as_outsider: Client) -> None:
    etag = as_owner.get(address).headers["ETag"]
    assert as_outsider.get(address).status_code == 404
    assert as_outsider.head(address).status_code == 404
    assert as_outsider.get(address, headers={"If-None-Match": etag}).status_code == 404
    assert as_outsider.get(address, headers={"If-None-Match": "*"}).status_code == 404


def test_viewer_gets_the_file_with_safe_headers(address: str, as_viewer: Client) -> None:
    answer = as_viewer.get(address)
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_known_etag_gets_304_without_bytes(address: str, as_viewer: Client) -> None:
    etag = as_viewer.get(address).headers["ETag"]
    answer = as_viewer.get(address, headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_former_member_gets_404_for_cached_files(address: str, as_viewer: Client, sample: SampleTeam) -> None:
    etag = as_viewer.get(address).headers["ETag"]
    Membership.objects.filter(user=sample.viewer, team=sample.team).delete()
    assert as_viewer.get(address, headers={"If-None-Match": etag}).status_code == 404


def test_head_returns_the_length_only(address: str, as_viewer: Client) -> None:
    answer = as_viewer.head(address)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) > 0


def test_missing_file_is_a_404(address: str, as_owner: Client, sample: SampleTeam) -> None:
    default_storage.delete(sample.image.file.name or "")
    assert as_owner.get(address).status_code == 404


def test_original_is_served_with_its_own_type(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get(f"/images/{sample.image.pk}/file/")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == 'inline; filename="rose.png"'
    assert body(answer) == picture_bytes("red")


def test_every_rendition_has_its_own_etag(as_owner: Client, sample: SampleTeam) -> None:
    names = ("file", "thumbnail", "preview")
    assert len({as_owner.get(f"/images/{sample.image.pk}/{name}/").headers["ETag"] for name in names}) == 3


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ('a"b\\c.png', 'attachment; filename="c.png"'),
        ('say "cheese".png', 'attachment; filename="say cheese.png"'),
        ("a\r\nSet-Cookie: x=1.png", 'attachment; filename="aSet-Cookie x=1.png"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("Käse.png", "attachment; filename*=utf-8''K%C3%A4se.png"),
        ("a\ud800.png", 'attachment; filename="a.png"'),
        ("..", 'attachment; filename="picture"'),
        ("/", 'attachment; filename="picture"'),
    ],
)
def test_hostile_names_give_a_harmless_header(
    name: str, disposition: str, sample: SampleTeam, as_owner: Client
) -> None:
    # A database cannot store half a surrogate pair, so the name is cleaned as it is on upload.
    stored = clean_file_name(name) if "\ud800" in name else name
    Image.objects.filter(pk=sample.image.pk).update(original_name=stored)
    answer = as_owner.get(f"/images/{sample.image.pk}/download/")
    assert answer.headers["Content-Disposition"] == disposition


def test_only_reading_is_allowed(address: str, as_owner: Client) -> None:
    assert as_owner.post(address).status_code == 405


@pytest.mark.parametrize("name", ["TIFF", "TGA", "PPM", "JPEG2000"])
def test_member_sees_a_jpeg_of_what_browsers_cannot_show_and_downloads_the_original(
    name: str, as_owner: Client, sample: SampleTeam
) -> None:
    content = io.BytesIO()
    Pillow.new("RGB", (60, 40), "red").save(content, name)
    image = ingest_upload(file=content, file_name="rose.bin", collection=sample.collection, uploader=sample.owner).image
    shown = as_owner.get(f"/images/{image.pk}/file/")
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["Content-Disposition"] == 'inline; filename="rose.jpg"'
    assert Pillow.open(io.BytesIO(body(shown))).size == (60, 40)
    assert body(as_owner.get(f"/images/{image.pk}/download/")) == content.getvalue()


def test_upload_form_accepts_the_endings_of_all_formats(as_owner: Client) -> None:
    page = as_owner.get("/upload/").content.decode()
    for ending in (".heic", ".jp2", ".psd", ".nef", ".zip"):
        assert ending in page
