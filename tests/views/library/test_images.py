"""The pages of a picture."""

from collections.abc import Callable

import pytest
from django.test import Client

from collections_app.models import Image
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, put_picture

PAGES = ["/images/{}/", "/images/{}/edit/", "/images/{}/delete/", "/images/{}/similar/"]


@pytest.mark.parametrize("address", PAGES)
def test_outsider_gets_404(address: str, as_outsider: Client, sample: SampleTeam) -> None:
    for number in (sample.image.pk, 10**30):
        assert as_outsider.get(address.format(number)).status_code == 404
        assert as_outsider.post(address.format(number), {"title": "Mine"}).status_code in (404, 405)
    assert Image.objects.get().title == ""


@pytest.mark.parametrize("address", ["/images/{}/edit/", "/images/{}/delete/"])
def test_viewer_gets_403_for_every_change(address: str, as_viewer: Client, sample: SampleTeam) -> None:
    assert as_viewer.get(address.format(sample.image.pk)).status_code == 403
    assert as_viewer.post(address.format(sample.image.pk), {"title": "Mine"}).status_code == 403
    assert Image.objects.get().title == ""


def test_viewer_sees_the_picture_and_no_controls(as_viewer: Client, sample: SampleTeam) -> None:
    page = as_viewer.get(f"/images/{sample.image.pk}/").content.decode()
    assert "rose.png" in page
    assert f"/images/{sample.image.pk}/download/" in page
    assert f"/images/{sample.image.pk}/edit/" not in page
    assert f"/images/{sample.image.pk}/delete/" not in page


def test_large_view_size_is_known_before_loading(as_owner: Client, sample: SampleTeam) -> None:
    assert 'width="60" height="40"' in as_owner.get(f"/images/{sample.image.pk}/").content.decode()


def test_picture_says_why_it_cannot_be_searched(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.all().record_index_state(index_state="failed", index_error="It is damaged.")
    page = as_owner.get(f"/images/{sample.image.pk}/").content.decode()
    assert "It is damaged." in page
    assert "Retry" in page


def test_neighbours_in_the_collection_are_linked(as_owner: Client, sample: SampleTeam) -> None:
    newer = put_picture(sample.collection, sample.owner, "newer.png")
    assert f'href="/images/{newer.pk}/"' in as_owner.get(f"/images/{sample.image.pk}/").content.decode()
    page = as_owner.get(f"/images/{newer.pk}/").content.decode()
    assert f'rel="next" href="/images/{sample.image.pk}/"' in page
    assert 'rel="prev"' not in page


def test_title_and_tags_are_edited(as_owner: Client, sample: SampleTeam) -> None:
    as_owner.post(f"/images/{sample.image.pk}/edit/", {"title": "A rose", "tags": "red,  Rose , red,, old rose"})
    image = Image.objects.get()
    assert image.title == "A rose"
    assert image.tags == ["red", "Rose", "old rose"]


@pytest.mark.parametrize(
    "fields", [{"title": "x" * 201}, {"tags": "x" * 51}, {"tags": ",".join(map(str, range(31)))}, {"title": "a\0"}]
)
def test_overlong_input_is_refused_and_stays_in_the_form(
    fields: dict[str, str], as_owner: Client, sample: SampleTeam
) -> None:
    answer = as_owner.post(f"/images/{sample.image.pk}/edit/", {"title": "Kept", **fields})
    assert answer.status_code == 400
    assert Image.objects.get().title == ""


def test_markup_in_a_title_is_shown_as_text(as_owner: Client, sample: SampleTeam) -> None:
    as_owner.post(f"/images/{sample.image.pk}/edit/", {"title": "<script>alert(1)</script>", "tags": '"><img>'})
    for address in ("/", f"/images/{sample.image.pk}/", f"/collections/{sample.collection.pk}/"):
        page = as_owner.get(address).content.decode()
        assert "<script>alert" not in page
        assert '"><img>' not in page


def test_deletion_is_confirmed(as_owner: Client, sample: SampleTeam) -> None:
    address = f"/images/{sample.image.pk}/delete/"
    assert as_owner.get(address).status_code == 200
    assert Image.objects.not_trashed().exists()
    assert as_owner.post(address).headers["Location"] == f"/collections/{sample.collection.pk}/"
    assert not Image.objects.not_trashed().exists()


def test_similar_pictures_exclude_the_picture_itself(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None]
) -> None:
    other = put_picture(sample.collection, sample.owner, "other.png")
    drain()
    page = as_owner.get(f"/images/{sample.image.pk}/similar/", headers={"HX-Request": "true"}).content.decode()
    assert f'data-image-id="{other.pk}"' in page
    assert f'data-image-id="{sample.image.pk}"' not in page


def test_queued_picture_says_when_similar_ones_will_appear(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get(f"/images/{sample.image.pk}/similar/")
    assert answer.status_code == 200
    assert "once this one is prepared" in answer.content.decode()


@pytest.mark.usefixtures("broken_index")
def test_picture_is_shown_while_the_index_is_unreachable(as_owner: Client, sample: SampleTeam) -> None:
    assert as_owner.get(f"/images/{sample.image.pk}/").status_code == 200
    assert as_owner.get(f"/images/{sample.image.pk}/similar/").status_code == 503
    part = as_owner.get(f"/images/{sample.image.pk}/similar/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "data-image-id" not in part.content.decode()


def test_copies_elsewhere_are_shown_only_to_people_who_may_see_them(
    as_owner: Client, as_viewer: Client, sample: SampleTeam
) -> None:
    own = create_collection(team=sample.owner.personal_team, name="Pressed flowers", creator=sample.owner)
    copy = put_picture(own, sample.owner, "rose.png", colour="red")
    address = f"/images/{sample.image.pk}/"
    assert f"/images/{copy.pk}/" in as_owner.get(address).content.decode()
    assert "Pressed flowers" not in as_viewer.get(address).content.decode()
