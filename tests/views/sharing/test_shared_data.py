"""What people with a share and with a public link see of a picture, as the documents promise."""

import hashlib

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from collections_app.models import Image, Share
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam, sign_in_client
from tests.taken_pictures import TOKYO, put_dated_picture

FILES = ("file/", "download/", "preview/", "thumbnail/")


@pytest.fixture
def photo(sample: SampleTeam) -> Image:
    return put_dated_picture(sample.collection, sample.owner, **TOKYO, name="Ann in Kyoto.jpg")


def read(client: Client, address: str) -> str:
    """Return the headers and the body as text."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    body = b"".join(answer) if answer.streaming else answer.content
    return f"{answer.headers} {body.decode('latin-1')}"


def find_checksums(image: Image) -> list[str]:
    """The checksums of the original, whole and as parts that are long enough to identify it."""
    with default_storage.open(image.file_name) as file:
        content = file.read()
    hashes = [getattr(hashlib, name)(content).hexdigest() for name in ("sha256", "sha1", "md5")]
    assert image.sha256 in hashes
    return [each[:12] for each in hashes]


def test_copies_for_people_with_a_share_contain_no_checksum_of_the_original(sample: SampleTeam, photo: Image) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    client = sign_in_client(sample.outsider)
    for part in FILES:
        told = read(client, f"/images/{photo.pk}/{part}")
        assert not [each for each in find_checksums(photo) if each in told], part
        assert "Last-Modified" not in told


def test_members_get_thumbnails_without_the_checksum_too(sample: SampleTeam, photo: Image) -> None:
    """They pass addresses and caches on."""
    for part in ("preview/", "thumbnail/"):
        assert photo.sha256 not in read(sign_in_client(sample.viewer), f"/images/{photo.pk}/{part}")


def test_etags_of_equal_files_in_two_teams_differ(sample: SampleTeam, photo: Image) -> None:
    own = sample.outsider.personal_team.collections.create(name="Mine")
    copy = put_dated_picture(own, sample.outsider, **TOKYO)
    Image.objects.filter(pk=copy.pk).update(sha256=photo.sha256, file=photo.file_name)
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    client = sign_in_client(sample.outsider)
    etags = {client.get(f"/images/{each.pk}/thumbnail/").headers["ETag"] for each in (photo, copy)}
    assert len(etags) == 2


def test_public_link_shows_neither_file_name_nor_date(client: Client, sample: SampleTeam, photo: Image) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, allows_download=True)
    pages = [f"/s/{link.secret}/", f"/s/{link.secret}/{photo.public_id}/"]
    files = [f"/s/{link.secret}/{photo.public_id}/{part}" for part in FILES[1:]]
    for address in (*pages, *files):
        told = read(client, address)
        for secret in ("Kyoto", "Ann", "January", "00:30", "2025:01:01", photo.sha256[:12]):
            assert secret not in told, (address, secret)


def test_person_with_a_share_sees_name_and_date_and_that_the_copy_has_no_metadata(
    sample: SampleTeam, photo: Image
) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    address, promise = f"/images/{photo.pk}/", "You get a copy as JPEG without metadata"
    page = read(sign_in_client(sample.outsider), address)
    assert "Ann in Kyoto.jpg" in page
    assert "1 January 2025, 00:30" in page
    assert promise in page
    assert promise not in read(sign_in_client(sample.viewer), address)


def test_sharing_page_says_who_sees_what(sample: SampleTeam) -> None:
    page = " ".join(read(sign_in_client(sample.owner), f"/collections/{sample.collection.pk}/sharing/").split())
    assert "People outside the team see titles, file names, tags and dates." in page
    assert "Names of people, file names, dates and locations aren&#x27;t." in page or "locations aren't." in page
