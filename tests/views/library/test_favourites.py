"""The page of favourites, and forms that add and remove them."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import Favourite, Image
from collections_app.services.library.favourites import add_favourites
from collections_app.services.library.trash import trash_images
from collections_app.views import paging
from collections_app.views.library import favourites
from tests.sample_team import SampleTeam, put_pictures

HTMX = {"HX-Request": "true"}


def list_shown(answer: Any) -> list[int]:
    return [image.pk for image in answer.context["page"]]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
def test_favourite_is_added_and_removed(headers: dict[str, str], as_viewer: Client, sample: SampleTeam) -> None:
    address = f"/images/{sample.image.pk}/favourite/"
    for wanted, pressed in (("yes", "true"), ("yes", "true"), ("no", "false"), ("no", "false")):
        answer = as_viewer.post(address, {"is_favourite": wanted}, headers=headers)
        if not headers:
            assert answer.headers["Location"] == f"/images/{sample.image.pk}/"
            answer = as_viewer.get(answer.headers["Location"])
        assert f'aria-pressed="{pressed}"' in answer.content.decode()
        assert Favourite.objects.filter(user=sample.viewer).exists() == (wanted == "yes")


@pytest.mark.parametrize("sent", ["", "1", "maybe"])
def test_unclear_value_changes_nothing(sent: str, as_viewer: Client, sample: SampleTeam) -> None:
    assert as_viewer.post(f"/images/{sample.image.pk}/favourite/", {"is_favourite": sent}).status_code == 400
    assert not Favourite.objects.exists()


def test_outsider_cannot_add_a_favourite(as_outsider: Client, sample: SampleTeam) -> None:
    answer = as_outsider.post(f"/images/{sample.image.pk}/favourite/", {"is_favourite": "yes"})
    assert answer.status_code == 404
    as_outsider.post("/pictures/favourite/", {"image": sample.image.pk})
    assert not Favourite.objects.exists()


def test_selection_becomes_favourites_of_the_person_alone(
    as_viewer: Client, as_owner: Client, sample: SampleTeam
) -> None:
    put_pictures(sample, 2)
    answer = as_viewer.post("/pictures/favourite/", {"all": "1", "collection": sample.collection.pk})
    assert [str(each) for each in get_messages(answer.wsgi_request)] == ["3 pictures added to favourites."]
    assert len(list_shown(as_viewer.get("/favourites/"))) == 3
    assert list_shown(as_owner.get("/favourites/")) == []


@pytest.mark.parametrize("form", [{"image": "x"}, {"al": "1"}, {"all": "1"}, {"all": "2"}, {"all": "1", "q": "in:no"}])
def test_selection_that_is_not_understood_changes_nothing(
    form: dict[str, str], as_viewer: Client, sample: SampleTeam
) -> None:
    as_viewer.post("/pictures/favourite/", form)
    assert not Favourite.objects.exists()


def test_pages_follow_each_other_also_past_removed_favourites(
    as_viewer: Client, sample: SampleTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (paging, favourites):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
    put_pictures(sample, 4)
    add_favourites(user=sample.viewer, images=Image.objects.all())
    latest = list(Image.objects.latest_first().values_list("pk", flat=True))
    first = as_viewer.get("/favourites/")
    assert (list_shown(first), first.context["page"].newer) == (latest[:2], None)
    Favourite.objects.filter(image=latest[1]).delete()
    second = as_viewer.get(f"/favourites/?after_id={first.context['page'].older}")
    assert list_shown(second) == latest[2:4]
    third = as_viewer.get(f"/favourites/?after_id={second.context['page'].older}")
    assert (list_shown(third), third.context["page"].older) == (latest[4:], None)
    before = as_viewer.get(f"/favourites/?before_id={third.context['page'].newer}")
    assert list_shown(before) == latest[2:4]
    newest = as_viewer.get(f"/favourites/?before_id={second.context['page'].newer}")
    assert list_shown(newest) == [latest[0], latest[2]]


def test_page_shows_no_picture_that_may_not_be_seen(as_viewer: Client, sample: SampleTeam) -> None:
    add_favourites(user=sample.viewer, images=Image.objects.all())
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    assert "No favourites yet" in as_viewer.get("/favourites/").content.decode()


def test_number_of_statements_does_not_grow(as_viewer: Client, sample: SampleTeam) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            as_viewer.get("/favourites/")
        return len(queries)

    add_favourites(user=sample.viewer, images=Image.objects.all())
    few = count()
    put_pictures(sample, 5)
    add_favourites(user=sample.viewer, images=Image.objects.all())
    assert count() == few


def test_picture_above_the_limit_is_refused_with_a_message(
    as_viewer: Client, sample: SampleTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collections_app.services.library.favourites.MAX_FAVOURITES", 0)
    address = f"/images/{sample.image.pk}/favourite/"
    answer = as_viewer.post(address, {"is_favourite": "yes"}, headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert "at most 0 favourites" in as_viewer.get(f"/images/{sample.image.pk}/").content.decode()
    as_viewer.post("/pictures/favourite/", {"image": sample.image.pk})
    assert "at most 0 favourites" in as_viewer.get("/").content.decode()
    assert not Favourite.objects.exists()
