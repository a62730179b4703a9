"""Public links: what they show, what they hide, and how they end."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from PIL import Image as Pillow
from pytest_django import Settings

from collections_app.models import Image, PublicLink, Share, User
from collections_app.services.sharing.public_links import create_link
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, put_picture, sign_in_client

SERIAL, PLACE, FILE_NAME = b"SN-4711-SECRET", b"Hidden Valley", "Holiday with Ann.jpg"


def secret_photo() -> io.BytesIO:
    """A JPEG with the camera's serial number and a position."""
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[0xA431] = SERIAL.decode()
    exif.get_ifd(0x8825)[0x1C] = PLACE
    exif.get_ifd(0x8825)[0x2] = (46.0, 30.0, 5.0)
    buffer = io.BytesIO()
    Pillow.new("RGB", (80, 60), "green").save(buffer, "JPEG", exif=exif, comment=PLACE)
    buffer.seek(0)
    assert SERIAL in buffer.getvalue()
    return buffer


@pytest.fixture
def photo(sample: SampleTeam) -> Image:
    return ingest_upload(
        file=secret_photo(), file_name=FILE_NAME, collection=sample.collection, uploader=sample.owner
    ).image


@pytest.fixture
def link(sample: SampleTeam, photo: Image) -> PublicLink:
    return create_link(collection=sample.collection, creator=sample.owner, allows_download=True)


def addresses(link: PublicLink, image: Image) -> list[str]:
    base = f"/s/{link.secret}/"
    return [base, f"{base}search/?q=green", *(f"{base}{image.public_id}/{part}" for part in FILES)]


FILES = ("", "thumbnail/", "preview/", "download/")


def body(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else bytes(answer.content)


@pytest.mark.django_db(transaction=True)
def test_link_shows_one_collection_and_nothing_else(
    client: Client, sample: SampleTeam, photo: Image, link: PublicLink, drain: Callable[[], None]
) -> None:
    drain()
    for address in addresses(link, photo):
        answer = client.get(address)
        assert answer.status_code == 200, address
        told = body(answer) + str(answer.headers).encode()
        for secret in (b"example.com", b"Holiday", b"Gardeners", SERIAL, PLACE, photo.sha256.encode()):
            assert secret not in told, (address, secret)
        assert f"/{photo.pk}/".encode() not in told
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db(transaction=True)
def test_search_finds_only_pictures_of_the_collection(
    client: Client, sample: SampleTeam, link: PublicLink, drain: Callable[[], None]
) -> None:
    other = sample.owner.personal_team.collections.create(name="Mine")
    hidden = put_picture(other, sample.owner, "hidden.png")
    drain()

    page = client.get(f"/s/{link.secret}/search/?q=blue").content.decode()
    assert page.count("data-public-id") == 2
    assert str(hidden.public_id) not in page
    assert client.get(f"/s/{link.secret}/{hidden.public_id}/").status_code == 404


def test_failed_search_is_reported(client: Client, link: PublicLink, broken_index: None) -> None:
    answer = client.get(f"/s/{link.secret}/search/?q=blue")
    assert answer.status_code == 503
    assert b"Search is temporarily unavailable" in answer.content


def test_public_downloads_have_distinct_names(client: Client, sample: SampleTeam, photo: Image) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, allows_download=True)
    names = {
        client.get(f"/s/{link.secret}/{image.public_id}/download/").headers["Content-Disposition"]
        for image in (photo, sample.image)
    }
    assert len(names) == 2
    assert all(re.fullmatch(r'attachment; filename="Garden \d{6}\.jpg"', name) for name in names)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("A rose", 'filename="A rose.jpg"'),
        ("St. Paul, 5.30pm", 'filename="St. Paul, 5.30pm.jpg"'),
        ("Cats / dogs\\birds", 'filename="Cats - dogs-birds.jpg"'),
        ("Роза", "filename*=utf-8''%D0%A0%D0%BE%D0%B7%D0%B0.jpg"),
        ("CON", 'filename="CON_.jpg"'),
        ("\N{WHITE HEART SUIT}" * 200, f"filename*=utf-8''{'%E2%99%A1' * 83}.jpg"),
    ],
)
def test_public_download_is_named_by_the_title(title: str, name: str, client: Client, sample: SampleTeam) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, allows_download=True)
    Image.objects.filter(pk=sample.image.pk).update(title=title)
    answer = client.get(f"/s/{link.secret}/{sample.image.public_id}/download/")
    assert answer.headers["Content-Disposition"] == f"attachment; {name}"


def test_page_and_large_pictures_have_one_order(client: Client, sample: SampleTeam, photo: Image) -> None:
    """The date taken comes before the date added."""
    link = create_link(collection=sample.collection, creator=sample.owner)
    Image.objects.filter(pk=photo.pk).update(taken_at=timezone.now() - timedelta(days=9))
    page = client.get(f"/s/{link.secret}/").content.decode()
    assert re.findall(r'data-public-id="([^"]+)"', page) == [str(sample.image.public_id), str(photo.public_id)]
    first = client.get(f"/s/{link.secret}/{sample.image.public_id}/")
    assert (first.context["newer"], first.context["older"]) == (None, photo)


def test_downloads_work_only_when_allowed(client: Client, sample: SampleTeam, photo: Image) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    assert client.get(f"/s/{link.secret}/{photo.public_id}/download/").status_code == 404
    assert b"download" not in client.get(f"/s/{link.secret}/{photo.public_id}/").content.lower()


def test_expired_link_is_a_404(client: Client, link: PublicLink, photo: Image) -> None:
    PublicLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for address in addresses(link, photo):
        assert client.get(address).status_code == 404


def test_every_page_requires_the_password_and_attempts_are_limited(
    client: Client, sample: SampleTeam, photo: Image
) -> None:
    cache.clear()
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip", allows_download=True)
    asks = f"/s/{link.secret}/password/"
    for address in addresses(link, photo):
        assert client.get(address).headers["Location"] == asks
        assert client.get(address)["X-Robots-Tag"] == "noindex"
    page = client.get(asks)
    assert (page["X-Robots-Tag"], page["Referrer-Policy"]) == ("noindex", "same-origin")
    assert sample.collection.name not in page.content.decode()
    assert client.post(asks, {"password": "rose"}).status_code == 400
    assert client.post(asks, {"password": "tulip"}).headers["Location"] == f"/s/{link.secret}/"
    assert client.get(f"/s/{link.secret}/{photo.public_id}/thumbnail/").status_code == 200

    statuses = [Client().post(asks, {"password": "rose"}).status_code for _ in range(10)]
    assert statuses[-1] == 429
    cache.clear()


def test_correct_passwords_from_one_address_are_not_limited(sample: SampleTeam) -> None:
    cache.clear()
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    asks = f"/s/{link.secret}/password/"
    assert {Client().post(asks, {"password": "tulip"}).status_code for _ in range(15)} == {302}
    wrong = [Client().post(asks, {"password": "rose"}).status_code for _ in range(11)]
    assert (wrong.count(400), wrong[-1]) == (10, 429)
    cache.clear()


def test_wrong_passwords_of_others_do_not_close_a_link(sample: SampleTeam, settings: Settings) -> None:
    cache.clear()
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    asks = f"/s/{link.secret}/password/"
    for number in range(108):
        Client().post(asks, {"password": "rose"}, headers={"X-Forwarded-For": f"192.0.2.{number % 12}"})
    visitor = Client()
    visitor.post(asks, {"password": "tulip"}, headers={"X-Forwarded-For": "198.51.100.1"})
    assert visitor.get(f"/s/{link.secret}/").status_code == 200
    cache.clear()


def test_visitor_who_opened_a_link_before_passes_while_others_wait(sample: SampleTeam) -> None:
    cache.clear()
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    asks = f"/s/{link.secret}/password/"
    visitor = Client()
    visitor.post(asks, {"password": "tulip"})
    visitor.cookies.pop("sessionid")
    for _ in range(11):
        refused = Client().post(asks, {"password": "rose"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 601
    assert Client().post(asks, {"password": "tulip"}).status_code == 429
    assert visitor.get(f"/s/{link.secret}/").status_code == 302, "its session is over"
    assert visitor.post(asks, {"password": "tulip"}).status_code == 302
    assert visitor.get(f"/s/{link.secret}/").status_code == 200
    cache.clear()


def test_changing_the_password_ends_access_by_the_old_one(client: Client, sample: SampleTeam) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    client.post(f"/s/{link.secret}/password/", {"password": "tulip"})
    assert client.get(f"/s/{link.secret}/").status_code == 200
    PublicLink.objects.update(password="another")
    assert client.get(f"/s/{link.secret}/").status_code == 302


def test_shares_strip_private_metadata_and_members_get_the_original(sample: SampleTeam, photo: Image) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="editor")
    outsider, viewer = sign_in_client(sample.outsider), sign_in_client(sample.viewer)
    for part in ("file/", "download/", "preview/", "thumbnail/"):
        answer = outsider.get(f"/images/{photo.pk}/{part}")
        seen = body(answer)
        assert_no_secret_in(seen + str(answer.headers).encode())
        assert Pillow.open(io.BytesIO(seen)).size == (80, 60)
        assert not Pillow.open(io.BytesIO(seen)).getexif()
    for part in ("file/", "download/"):
        assert body(viewer.get(f"/images/{photo.pk}/{part}")) == secret_photo().getvalue()


def test_zip_strips_private_metadata(sample: SampleTeam, photo: Image) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    assert_no_secret_in(zipped(sample.outsider, photo))
    assert zipped(sample.viewer, photo) == secret_photo().getvalue()


def zipped(user: User, image: Image) -> bytes:
    answer = sign_in_client(user).post("/pictures/download/", {"image": image.pk})
    with zipfile.ZipFile(io.BytesIO(body(answer))) as archive:
        (name,) = archive.namelist()
        return archive.read(name)


def assert_no_secret_in(seen: bytes) -> None:
    for secret in (SERIAL, PLACE, b"Exif", b"exif"):
        assert secret not in seen
