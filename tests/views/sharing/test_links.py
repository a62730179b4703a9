"""Public links of several collections, and their settings."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from collections_app.errors import NotAllowed
from collections_app.models import Collection, Image, PublicLink, Team
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_collection
from collections_app.services.sharing.public_links import (
    LinkChange,
    change_link,
    create_link,
    make_collection_key,
)
from tests.sample_team import SampleTeam, put_picture, sign_in_client

FILES = ("", "thumbnail/", "preview/", "download/")


@pytest.fixture
def meadow(sample: SampleTeam) -> Collection:
    return create_collection(team=sample.team, name="Meadow", creator=sample.owner)


@pytest.fixture
def poppy(sample: SampleTeam, meadow: Collection) -> Image:
    return put_picture(meadow, sample.owner, "poppy.png", colour=(250, 10, 10))


@pytest.fixture
def link(sample: SampleTeam, meadow: Collection, poppy: Image) -> PublicLink:
    """A link of the collection "Garden" that shows "Meadow", too."""
    made = create_link(collection=sample.collection, creator=sample.owner, allows_download=True)
    made.further_collections.add(meadow)
    return made


def settings_address(sample: SampleTeam, link: PublicLink) -> str:
    return f"/collections/{sample.collection.pk}/links/{link.pk}/"


def list_addresses(link: PublicLink, collection: Collection, image: Image) -> list[str]:
    base = f"/s/{link.secret}/"
    key = make_collection_key(link, collection)
    return [f"{base}collections/{key}/", *(f"{base}{image.public_id}/{part}" for part in FILES)]


def list_statuses(addresses: list[str]) -> set[int]:
    return {Client().get(address).status_code for address in addresses}


def test_link_shows_cards_and_the_pictures_of_each_collection(
    client: Client, sample: SampleTeam, link: PublicLink, meadow: Collection, poppy: Image
) -> None:
    page = client.get(f"/s/{link.secret}/").content.decode()
    assert ">Garden<" in page
    assert ">Meadow<" in page
    assert f"/s/{link.secret}/{poppy.public_id}/thumbnail/" in page
    part = client.get(list_addresses(link, meadow, poppy)[0]).content.decode()
    assert str(poppy.public_id) in part
    assert str(sample.image.public_id) not in part
    assert list_statuses(list_addresses(link, meadow, poppy)) == {200}


def test_link_of_one_collection_shows_its_pictures_at_once(client: Client, sample: SampleTeam, poppy: Image) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    page = client.get(f"/s/{link.secret}/").content.decode()
    assert str(sample.image.public_id) in page
    assert list_statuses(list_addresses(link, poppy.collection, poppy)) == {404}


@pytest.mark.django_db(transaction=True)
def test_search_spans_all_collections_of_the_link(
    client: Client, sample: SampleTeam, link: PublicLink, poppy: Image, drain: Callable[[], None]
) -> None:
    other = create_collection(team=sample.team, name="Hidden", creator=sample.owner)
    hidden = put_picture(other, sample.owner, "hidden.png", colour=(240, 20, 20))
    drain()
    page = client.get(f"/s/{link.secret}/search/?q=red").content.decode()
    assert str(poppy.public_id) in page
    assert str(sample.image.public_id) in page
    assert str(hidden.public_id) not in page


def move(collection: Collection, sample: SampleTeam) -> None:
    collection.team = Team.objects.create(name="Elsewhere")
    collection.save()


ENDINGS: dict[str, Callable[[Collection, SampleTeam], object]] = {
    "trashed": lambda collection, sample: trash_collection(collection=collection, trasher=sample.owner),
    "moved": move,
    "removed": lambda collection, sample: PublicLink.objects.get().further_collections.remove(collection),
    "deleted": lambda collection, sample: collection.delete(),
    "link revoked": lambda collection, sample: PublicLink.objects.all().delete(),
    "link expired": lambda collection, sample: PublicLink.objects.update(expires_at=timezone.now()),
    "first collection trashed": lambda collection, sample: trash_collection(
        collection=sample.collection, trasher=sample.owner
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_of_a_collection_opens_after_it_has_left_the_link(
    ending: str, sample: SampleTeam, link: PublicLink, meadow: Collection, poppy: Image
) -> None:
    addresses = list_addresses(link, meadow, poppy)
    assert list_statuses(addresses) == {200}
    ENDINGS[ending](meadow, sample)
    assert list_statuses(addresses) == {404}
    assert b"Meadow" not in Client().get(f"/s/{link.secret}/").content


def test_collection_that_moved_away_and_back_is_not_shown_again(
    sample: SampleTeam, link: PublicLink, meadow: Collection, poppy: Image
) -> None:
    move(meadow, sample)
    meadow.team = sample.team
    meadow.save()
    assert list_statuses(list_addresses(link, meadow, poppy)) == {404}


def test_owner_changes_the_settings_of_a_link(
    as_owner: Client, sample: SampleTeam, meadow: Collection, poppy: Image
) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    day = timezone.localdate() + timedelta(days=3)
    form = {
        "allows_download": "on",
        "expires_at": day.isoformat(),
        "password": "tulips in spring",
        "further_collections": [meadow.pk],
    }
    page = as_owner.post(settings_address(sample, link), form, follow=True).content.decode()
    assert "Public link saved." in page
    assert "Meadow" in page
    link.refresh_from_db()
    assert link.allows_download
    assert link.password
    assert timezone.localdate(link.expires_at) == day
    assert list(link.further_collections.all()) == [meadow]


def test_empty_password_stays_until_it_is_removed(as_owner: Client, sample: SampleTeam) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip")
    as_owner.post(settings_address(sample, link), {"password": ""})
    assert PublicLink.objects.get().password == link.password
    as_owner.post(settings_address(sample, link), {"removes_password": "on"})
    assert PublicLink.objects.get().password == ""


def test_link_shows_no_collections_of_other_teams(as_owner: Client, sample: SampleTeam) -> None:
    own = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    link = create_link(collection=sample.collection, creator=sample.owner)
    assert as_owner.post(settings_address(sample, link), {"further_collections": [own.pk]}).status_code == 400
    change = LinkChange(password=None, expires_at=None, allows_download=False, further_collections=[own])
    with pytest.raises(NotAllowed):
        change_link(link=link, changer=sample.owner, change=change)
    link.further_collections.add(own)
    assert b"Mine" not in Client().get(f"/s/{link.secret}/").content


def test_sharing_page_of_each_collection_lists_the_link_and_removes_it(
    as_owner: Client, sample: SampleTeam, link: PublicLink, meadow: Collection, poppy: Image
) -> None:
    page = as_owner.get(f"/collections/{meadow.pk}/sharing/").content.decode()
    assert link.secret in page
    assert "Belongs to “Garden”" in page
    as_owner.post(f"/collections/{meadow.pk}/links/{link.pk}/revoke/")
    assert list_statuses(list_addresses(link, meadow, poppy)) == {404}
    assert Client().get(f"/s/{link.secret}/").status_code == 200


def test_editors_cannot_change_a_link(sample: SampleTeam, link: PublicLink) -> None:
    assert sign_in_client(sample.viewer).post(settings_address(sample, link)).status_code == 403
    assert sign_in_client(sample.outsider).post(settings_address(sample, link)).status_code == 404


def test_dialog_gets_the_content_alone_and_errors_as_a_200(as_owner: Client, sample: SampleTeam) -> None:
    headers = {"HX-Request": "true", "HX-Target": "share-content"}
    address = f"/collections/{sample.collection.pk}/sharing/"
    page = as_owner.get(address, headers=headers).content.decode()
    assert "<html" not in page
    assert "People with access" in page
    refused = as_owner.post(f"{address}person/", {"email": "no address", "role": "viewer"}, headers=headers)
    assert refused.status_code == 200
    assert "errorlist" in refused.content.decode()
    invited = as_owner.post(f"{address}person/", {"email": "new@example.com", "role": "viewer"}, headers=headers)
    assert "/invitations/" in invited.content.decode()
    assert invited["HX-Push-Url"] == "false"
    swapped_page = as_owner.get(address, headers={"HX-Request": "true", "HX-Target": "page"}).content.decode()
    assert "<html" in swapped_page
