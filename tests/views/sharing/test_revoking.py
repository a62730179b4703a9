"""A revoked right is gone with the next request, whatever the browser has cached."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils.http import http_date

from collections_app.models import Image, Membership, PublicLink, Share, User
from collections_app.services.sharing.public_links import create_link
from collections_app.services.sharing.teams import remove_member
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db(transaction=True)

FILES = ("", "thumbnail/", "preview/", "download/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Somebody's right to see the sample's picture, what it opens, and how it is revoked."""

    client: Client
    image: Image
    addresses: Sequence[str]
    revoke: Callable[[], object]

    def succeeds(self, address: str, **headers: str) -> bool:
        """Whether the answer is the picture, says that it has not changed, or leads to it."""
        answer: Any = self.client.get(address, headers=headers)
        if answer.status_code in (302, 404):  # such a page names the requested address
            return False
        if answer.streaming or answer.status_code == 304:
            return True
        page = answer.content.decode()
        return f"/images/{self.image.pk}/" in page or str(self.image.public_id) in page


def by_membership(sample: SampleTeam) -> Right:
    return Right(
        client=sign_in_client(sample.viewer),
        image=sample.image,
        addresses=[
            *_signed_in(sample),
            f"/search/?q=red&team={sample.team.pk}",
            f"/teams/{sample.team.pk}/duplicates/",
        ],
        revoke=Membership.objects.filter(user=sample.viewer, team=sample.team).delete,
    )


def by_share(sample: SampleTeam) -> Right:
    share = Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    return Right(
        client=sign_in_client(sample.outsider), image=sample.image, addresses=_signed_in(sample), revoke=share.delete
    )


def by_membership_and_share(sample: SampleTeam) -> Right:
    """Of a member who has a share of the collection too, and is removed."""
    person = User.objects.create_user("both@example.com")
    membership = Membership.objects.create(user=person, team=sample.team, role="viewer")
    Share.objects.create(collection=sample.collection, user=person, role="editor")
    return Right(
        client=sign_in_client(person),
        image=sample.image,
        addresses=[*_signed_in(sample), f"/images/{sample.image.pk}/edit/"],
        revoke=lambda: remove_member(membership=membership),
    )


def by_link(sample: SampleTeam) -> Right:
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip", allows_download=True)
    base, client = f"/s/{link.secret}/", Client()
    client.post(f"{base}password/", {"password": "tulip"})
    addresses = [base, f"{base}search/?q=red", *(f"{base}{sample.image.public_id}/{part}" for part in FILES)]
    return Right(client=client, image=sample.image, addresses=addresses, revoke=PublicLink.objects.all().delete)


def _signed_in(sample: SampleTeam) -> list[str]:
    image, collection = sample.image.pk, sample.collection.pk
    files = [f"/images/{image}/{part}" for part in (*FILES, "file/")]
    searches = ["/search/", "/search/?q=red", f"/search/?q=red&collection={collection}", f"/search/?q=like:{image}"]
    return [*files, *searches, "/search/?q=red+in:Garden", "/", f"/collections/{collection}/"]


RIGHTS = (by_membership, by_share, by_membership_and_share, by_link)


@pytest.fixture(params=RIGHTS, ids=lambda make: make.__name__)
def right(request: pytest.FixtureRequest, sample: SampleTeam, drain: Callable[[], None]) -> Right:
    drain()
    made: Right = request.param(sample)
    return made


def cache_headers(etag: str) -> Iterator[dict[str, str]]:
    """What a browser asks that has the picture already."""
    long_hence = http_date(4_000_000_000)
    yield {}
    yield {"If-None-Match": etag}
    yield {"If-None-Match": "*", "If-Modified-Since": long_hence}
    yield {"If-Modified-Since": long_hence}


def test_every_request_fails_after_revoking(sample: SampleTeam, drain: Callable[[], None]) -> None:
    drain()
    rights = [make(sample) for make in RIGHTS]
    etags = {
        address: right.client.get(address).headers.get("ETag", '"x"') for right in rights for address in right.addresses
    }
    for right in rights:
        right.revoke()

    outcomes = [
        address if right.succeeds(address, **headers) else ""
        for right in rights
        for address in right.addresses
        for headers in cache_headers(etags[address])
    ]

    assert len(outcomes) >= 125
    assert set(outcomes) == {""}


def test_every_request_succeeds_before_revoking(right: Right) -> None:
    """Otherwise the failures after revoking would prove nothing."""
    failing = [address for address in right.addresses if "duplicates" not in address and not right.succeeds(address)]
    assert failing == []
    for address in right.addresses:
        if (etag := right.client.get(address).headers.get("ETag")) is not None:
            assert right.client.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_zip_excludes_revoked_pictures(sample: SampleTeam) -> None:
    for right in (by_membership(sample), by_share(sample), by_membership_and_share(sample)):
        assert zipped(right) == 1
        right.revoke()
        assert zipped(right) == 0


def zipped(right: Right) -> int:
    answer: Any = right.client.post("/pictures/download/", {"image": right.image.pk})
    if not answer.streaming:
        return 0
    return len(zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist())
