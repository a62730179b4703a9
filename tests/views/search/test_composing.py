"""The search page's parts: chips, fields, examples."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from collections_app.models import Example
from collections_app.services.maintenance import run_maintenance
from tests.sample_team import SampleTeam, picture_bytes, picture_file


def text(answer: object) -> str:
    return unescape(answer.content.decode())  # type: ignore[attr-defined]


def add_example(client: Client, content: bytes, **fields: str) -> str:
    file = SimpleUploadedFile("red.png", content, "image/png")
    return client.post("/search/examples/", {"example": file, **fields})["Location"]


def test_every_part_is_a_chip_that_can_be_removed(as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.get("/search/", {"q": f"red -snow like:{sample.image.pk} by:me"}, follow=True)
    chips = page.context["chips"]
    assert [chip.text for chip in chips] == ["red", "snow", sample.image.name, "by: me"]
    assert [chip.is_negative for chip in chips] == [False, True, False, False]
    for chip in chips:
        left = as_owner.get(chip.remove).context["chips"]
        assert [each.text for each in left] == [each.text for each in chips if each is not chip]


def test_a_chip_makes_a_part_stronger_weaker_and_its_opposite(as_owner: Client) -> None:
    def chip(address: str) -> object:
        (only,) = as_owner.get(address).context["chips"]
        return only

    one = chip("/search/?q=red")
    assert chip(one.stronger).weight.startswith("2")  # type: ignore[attr-defined]
    assert chip(one.weaker).weight.startswith("0.5")  # type: ignore[attr-defined]
    assert chip(one.opposite).is_negative  # type: ignore[attr-defined]


def test_form_fields_become_part_of_the_query(as_owner: Client) -> None:
    answer = as_owner.get(
        "/search/", {"q": "red", "by": "me", "is": "portrait", "min": "300", "after": "", "sort": "date"}
    )
    assert answer.status_code == 302
    assert as_owner.get(answer["Location"]).context["search"].text == "red by:me is:portrait min:300 sort:date"


def test_unreadable_parts_are_reported_on_the_page(as_owner: Client) -> None:
    page = text(as_owner.get("/search/?q=red+colour:blue+in:Nowhere+like:999999"))
    assert "“colour:” isn't a filter" in page
    assert "No collection named “Nowhere” found." in page
    assert "Picture 999999 doesn't exist" in page


def test_form_that_extends_the_query_keeps_its_unreadable_parts(as_owner: Client) -> None:
    filtered = as_owner.get("/search/", {"q": "red colour:blue", "by": "me"}, follow=True)
    assert filtered.context["search"].text == "red colour:blue by:me"
    assert "“colour:” isn't a filter" in text(filtered)
    added = as_owner.post("/search/examples/", {"q": "red colour:blue", "example": picture_file()}, follow=True)
    assert "“colour:” isn't a filter" in text(added)


def test_parts_that_cancel_each_other_out_are_reported(as_owner: Client) -> None:
    assert "cancel each other out" in text(as_owner.get('/search/?q="red" -"red"'))


def test_example_is_added_to_the_search_and_removed(
    as_owner: Client, as_viewer: Client, sample: SampleTeam, drain: Callable[[], None]
) -> None:
    drain()
    address = add_example(as_owner, picture_bytes("red"), q="by:me")
    page = as_owner.get(address)
    assert [each.image for each in page.context["results_page"].results] == [sample.image]
    thumbnail = next(chip.thumbnail for chip in page.context["chips"] if chip.thumbnail)
    assert as_owner.get(thumbnail).content[:2] == b"\xff\xd8"
    assert as_viewer.get(thumbnail).status_code == 404
    assert "An example picture has expired" in text(as_viewer.get(address))
    Example.objects.update(created_at=timezone.now() - timedelta(minutes=46))
    assert as_owner.get(thumbnail).status_code == 404
    assert "An example picture has expired" in text(as_owner.get(address))
    run_maintenance()
    assert not Example.objects.exists()


@pytest.mark.parametrize("content", [b"", b"no picture", picture_bytes()[:60]])
def test_unreadable_file_is_no_example(content: bytes, as_owner: Client) -> None:
    address = add_example(as_owner, content, q="red")
    page = as_owner.get(address)
    assert address == "/search/?q=red"
    assert "red.png:" in text(page)
    assert not Example.objects.exists()


def test_missing_example_is_reported(as_owner: Client) -> None:
    page = as_owner.post("/search/examples/", {"q": "red"}, follow=True)
    assert "Select a picture first" in text(page)


def test_each_result_offers_more_or_less_like_it(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None]
) -> None:
    drain()
    page = text(as_owner.get("/search/?q=red"))
    assert f'href="/search/?q=red+0.3%3Alike%3A{sample.image.pk}"' in page
    assert f'href="/search/?q=red+-0.3%3Alike%3A{sample.image.pk}"' in page


def test_picture_page_links_to_a_search_with_it(as_owner: Client, sample: SampleTeam) -> None:
    assert f"/search/?q=like:{sample.image.pk}" in text(as_owner.get(f"/images/{sample.image.pk}/"))


def test_example_without_a_vector_is_a_failure_and_no_empty_result(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get(f"/search/?q=like:{sample.image.pk}")
    assert answer.status_code == 503
    assert "searchable yet" in text(answer)


def test_number_of_stored_examples_is_limited(as_owner: Client) -> None:
    for number in range(22):
        add_example(as_owner, picture_bytes((number, 0, 0)))
    assert Example.objects.count() == 20
