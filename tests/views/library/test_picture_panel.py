"""The panel beside a picture: edited in place, with and without JavaScript; and what the numbering of a page says."""

from collections.abc import Callable

import pytest
from django.test import Client

from collections_app.models import Image, Membership, Role, Share
from collections_app.services.library.images import edit_image
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam, put_pictures, sign_in_client

HTMX = {"HX-Request": "true"}


def edit(client: Client, image: Image, headers: dict[str, str] | None = None, **fields: str) -> tuple[int, str]:
    answer = client.post(f"/images/{image.pk}/edit/", fields, headers=headers)
    return answer.status_code, answer.content.decode()


def test_description_is_stored_and_shown_as_text(as_owner: Client, sample: SampleTeam) -> None:
    edit(as_owner, sample.image, description=" First line\r\nsecond <b>line</b> ")
    assert Image.objects.get().description == "First line\nsecond <b>line</b>"
    page = as_owner.get(f"/images/{sample.image.pk}/").content.decode()
    assert '<p class="description">First line\nsecond &lt;b&gt;line&lt;/b&gt;</p>' in page


def test_htmx_gets_the_changed_panel_alone(as_owner: Client, sample: SampleTeam) -> None:
    status, panel = edit(as_owner, sample.image, HTMX, title="A rose", tags="red", taken_on="1985-07-01")
    assert status == 200
    assert panel.startswith('<div class="picture-side">')
    assert "<html" not in panel
    assert all(text in panel for text in ("A rose", "tag%3Ared", "1 July 1985", "autofocus"))


@pytest.mark.parametrize(
    "fields", [{"description": "x" * 2001}, {"title": "x" * 201}, {"taken_on": "soon"}, {"description": "a\0"}]
)
def test_htmx_gets_the_form_with_its_errors(fields: dict[str, str], as_owner: Client, sample: SampleTeam) -> None:
    status, panel = edit(as_owner, sample.image, HTMX, **{"title": "Kept", **fields})
    assert status == 200
    assert 'class="errorlist"' in panel
    assert "data-edit-picture open" in panel
    assert Image.objects.get().title == ""


def test_description_of_the_longest_length_may_have_lines(as_owner: Client, sample: SampleTeam) -> None:
    edit(as_owner, sample.image, description="x\r\n" * 999 + "yy")
    assert len(Image.objects.get().description) == 2000


def test_edit_without_a_description_keeps_it(as_owner: Client, sample: SampleTeam) -> None:
    edit(as_owner, sample.image, description="Red")
    edit_image(image=sample.image, title="A rose", tags=[])
    assert Image.objects.get().description == "Red"


def test_viewer_sees_the_description_and_no_form(as_viewer: Client, sample: SampleTeam) -> None:
    Image.objects.update(description="Red as wine")
    page = as_viewer.get(f"/images/{sample.image.pk}/").content.decode()
    assert "Red as wine" in page
    assert "data-edit-picture" not in page
    assert "data-trash-picture" not in page


def test_public_page_shows_neither_description_nor_panel(client: Client, sample: SampleTeam) -> None:
    Image.objects.update(description="Red as wine")
    link = create_link(collection=sample.collection, creator=sample.owner)
    page = client.get(f"/s/{link.secret}/{sample.image.public_id}/").content.decode()
    assert "Red as wine" not in page
    assert "picture-side" not in page
    assert "data-view-side" not in page


def test_only_members_see_the_camera(as_viewer: Client, sample: SampleTeam) -> None:
    Image.objects.update(camera="Canon EOS 90D")
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="editor")
    pages = [each.get(f"/images/{sample.image.pk}/") for each in (as_viewer, sign_in_client(sample.outsider))]
    assert [page.status_code for page in pages] == [200, 200]
    assert [b"EOS 90D" in page.content for page in pages] == [True, False]


def test_public_page_is_linked_for_those_who_share(as_owner: Client, as_viewer: Client, sample: SampleTeam) -> None:
    address = f"/images/{sample.image.pk}/"
    assert "Public page" not in as_owner.get(address).content.decode()
    link = create_link(collection=sample.collection, creator=sample.owner)
    assert f"/s/{link.secret}/{sample.image.public_id}/" in as_owner.get(address).content.decode()
    assert "/s/" not in as_viewer.get(address).content.decode()
    Membership.objects.filter(user=sample.owner).update(role=Role.EDITOR)
    assert "/s/" not in as_owner.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_pages_say_how_many_pictures_there_are(as_owner: Client, sample: SampleTeam, drain: Callable[[], None]) -> None:
    put_pictures(sample, 49)
    address = f"/collections/{sample.collection.pk}/"
    first = as_owner.get(address)
    assert 'data-total="50" data-first="1"' in first.content.decode()
    later = as_owner.get(f"{address}?after_id={first.context['timeline'].page.older}").content.decode()
    assert 'data-total="50"' in later
    assert "data-first" not in later
    drain()
    found = as_owner.get("/search/?q=red&all=1").content.decode()
    assert 'data-total="50"' in found
    assert 'data-first="1"' in found
