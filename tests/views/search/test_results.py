"""Results of a search: likely, possible and hidden ones, title matches, results pages, contact sheets."""

import io
import math
import re
from collections.abc import Callable
from html import unescape
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Pillow

from collections_app.demo.gallery import get_demo_collections
from collections_app.models import Collection, Image
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.public_links import create_link
from collections_app.services.uploads.ingest import ingest_upload
from collections_app.views.paging import PAGE_SIZE
from collections_app.views.search.page import FIRST_PAGE_SIZE, LARGE_WINDOW_COOKIE
from tests.drawn_pictures import draw_jpeg
from tests.sample_team import SampleTeam, put_pictures

DOGS = 6
WORDS = "/search/?q=a+white+dog"


@pytest.fixture
def animals(sample: SampleTeam, drain: Callable[[], None]) -> Collection:
    """Sixty drawn animals, six of them white dogs; their titles say nothing."""
    drawn = get_demo_collections()[0].pictures
    dogs = [each for each in drawn if each.title.startswith("A white dog")][:DOGS]
    others = [each for each in drawn if "dog" not in each.title][: 60 - DOGS]
    collection = create_collection(team=sample.team, name="Menagerie", creator=sample.owner)
    for number, picture in enumerate((*others, *dogs)):
        title = "the dog's portrait" if number == 0 else f"number {number}"
        file = io.BytesIO(draw_jpeg(picture.scene))
        name = picture.file_name if picture in dogs else f"{number}.jpg"
        ingest_upload(file=file, file_name=name, collection=collection, uploader=sample.owner, title=title)
    drain()
    return collection


def shown(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-image-id="(\d+)" data-score', page)]


def are_dogs(ids: list[int]) -> bool:
    names = Image.objects.filter(pk__in=ids).values_list("original_name", flat=True)
    return all("white-dog" in name for name in names)


def test_likely_results_precede_possible_ones_and_the_rest_is_hidden(as_viewer: Client, animals: Collection) -> None:
    answer = as_viewer.get(f"{WORDS}&collection={animals.pk}")
    found = answer.context["results"]
    assert found.likely_count == DOGS
    assert are_dogs([each.id for each in found.ranked[:DOGS]])
    assert len(found.ranked) + found.hidden_count == 60
    page = answer.content.decode()
    assert page.index("<h3>Likely</h3>") < page.index("<h3>Possible</h3>")
    assert f"{found.hidden_count} unlikely pictures hidden" in page


def test_all_results_are_shown_on_request(as_viewer: Client, animals: Collection) -> None:
    answer = as_viewer.get(f"{WORDS}&collection={animals.pk}&all=1")
    assert len(answer.context["results"].ranked) == 60
    assert "<h3>Possible</h3>" not in answer.content.decode()


def test_page_says_that_nothing_is_likely(as_viewer: Client, animals: Collection) -> None:
    page = as_viewer.get(f"/search/?q=a+red+car+in+a+room&collection={animals.pk}").content.decode()
    assert "No good match for “a red car in a room”." in page


def test_likely_results_sort_by_date_before_the_others(as_viewer: Client, animals: Collection) -> None:
    answer = as_viewer.get(f"{WORDS}+sort:date&collection={animals.pk}")
    likely = [each.id for each in answer.context["results"].ranked[:DOGS]]
    assert are_dogs(likely)
    assert likely == sorted(likely, reverse=True)
    assert answer.context["results"].likely_count == DOGS


def test_search_by_example_never_says_that_nothing_is_likely(as_viewer: Client, animals: Collection) -> None:
    example = animals.images.earliest("pk")
    page = as_viewer.get(f"/search/?q=like:{example.pk}").content.decode()
    assert "No good match" not in page
    assert shown(page)[0] == example.pk


def find_named(client: Client, line: str) -> dict[str, str]:
    """Return the titles of results that match by name, with the name that does."""
    results = client.get("/search/", {"q": line, "all": "1"}).context["results_page"].results
    return {each.image.title: each.name_kind.value for each in results if each.name_kind}


def test_title_match_is_likely_whatever_it_shows(as_viewer: Client, animals: Collection) -> None:
    assert find_named(as_viewer, "portrait of cat") == {}
    answer = as_viewer.get("/search/?q=the+dog's+portrait")
    (likely,) = answer.context["results_page"].sections[0].results[: answer.context["results"].likely_count]
    assert (likely.image.title, likely.name_kind.value) == ("the dog's portrait", "title")
    assert '<span class="badge"> Title' in " ".join(answer.content.decode().split())


def test_name_matches_meet_the_filters_and_ignore_excluded_words(
    as_owner: Client, sample: SampleTeam, animals: Collection
) -> None:
    assert list(find_named(as_owner, '"number 7" -"number 8"')) == ["number 7"]
    assert find_named(as_owner, "number after:2020") == {}


@pytest.mark.parametrize("line", ["a portrait of the dog", "the dog's portrait", "A DOG in PORTRAIT"])
def test_sentences_find_names_without_their_stop_words(line: str, as_owner: Client, animals: Collection) -> None:
    animals.images.filter(pk=animals.images.earliest("pk").pk).update(title="Portrait dog s")
    assert list(find_named(as_owner, line)) == ["Portrait dog s"]


@pytest.mark.parametrize("words", ["", "red "])
def test_filters_without_matches_are_reported(words: str, as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.get(f"/search/?q={words}after:2030").content.decode()
    assert "No pictures match these filters" in page
    assert "Upload pictures, then" not in page


def test_unusable_parts_are_not_reported_as_missing_pictures(as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.get("/search/?q=like:999999").content.decode()
    assert "Picture 999999 doesn&#x27;t exist" in page
    assert "No pictures are ready for search" not in page


@pytest.mark.parametrize("line", ["a white dog", "a white dog in:Menagerie by:me", "like:{} + snow"])
def test_sections_take_at_most_fifteen_statements(line: str, as_owner: Client, animals: Collection) -> None:
    as_owner.get("/search/?q=warm")
    line = line.format(animals.images.latest("pk").pk)
    with CaptureQueriesContext(connection) as statements:
        assert as_owner.get("/search/", {"q": line}).context["results"].ranked
    assert len(statements) <= 15


def test_public_link_visitor_can_show_hidden_results(client: Client, sample: SampleTeam, animals: Collection) -> None:
    link = create_link(collection=animals, creator=sample.owner)
    page = client.get(f"/s/{link.secret}/search/?q=a+white+dog").content.decode()
    assert 0 < page.count("data-public-id") < 30
    more = re.search(r'href="([^"]*all=1[^"]*)"', page)
    assert more
    whole = client.get(f"/s/{link.secret}/search/{more[1].replace('&amp;', '&')}")
    assert whole.context["page"].paginator.count == 60


def test_names_of_others_pictures_are_not_found(as_outsider: Client, animals: Collection) -> None:
    assert as_outsider.get("/search/?q=number").context["results"].ranked == []


@pytest.mark.usefixtures("broken_index")
def test_names_are_found_while_the_index_is_unreachable(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get("/search/?q=rose")
    assert answer.status_code == 503
    assert [each.image for each in answer.context["named_results"]] == [sample.image]


def follow(client: Client, page: str, *, htmx: bool) -> str:
    match = re.search(r'rel="next" href="([^"]+)"', page)
    assert match
    headers = {"HX-Request": "true"} if htmx else {}
    return client.get(match[1].replace("&amp;", "&"), headers=headers).content.decode()


def test_first_page_fills_a_large_window(as_viewer: Client, animals: Collection) -> None:
    as_viewer.cookies[LARGE_WINDOW_COOKIE] = "1"
    assert len(shown(as_viewer.get(f"{WORDS}&all=1").content.decode())) == PAGE_SIZE


@pytest.mark.parametrize("htmx", [True, False])
def test_results_pages_follow_without_gap_or_repetition(htmx: bool, as_viewer: Client, animals: Collection) -> None:
    whole = as_viewer.get(f"{WORDS}&all=1")
    first = whole.content.decode()
    second = follow(as_viewer, first, htmx=htmx)
    assert len(shown(first)) == FIRST_PAGE_SIZE
    assert len(shown(second)) == min(PAGE_SIZE, 61 - FIRST_PAGE_SIZE)
    assert shown(first) + shown(second) == [each.id for each in whole.context["results"].ranked]
    assert ("<html" in second) is not htmx


def test_order_is_stable_while_pictures_are_added_and_removed(
    as_owner: Client, sample: SampleTeam, animals: Collection, drain: Callable[[], None]
) -> None:
    first = as_owner.get("/search/?q=a+blue+thing&all=1").content.decode()
    before = [each.id for each in as_owner.get("/search/?q=a+blue+thing&all=1").context["results"].ranked]
    put_pictures(sample, 3)
    trash_images(images=Image.objects.filter(pk=before[2]), trasher=sample.owner)
    drain()
    second = shown(follow(as_owner, first, htmx=True))
    assert not set(shown(first)) & set(second)
    assert [each for each in second if each in before] == before[FIRST_PAGE_SIZE:]


@pytest.mark.parametrize("gone", [slice(-3, None), slice(None)], ids=["the last ones", "all"])
def test_no_result_is_skipped_after_shown_ones_were_trashed(
    gone: slice, as_owner: Client, sample: SampleTeam, animals: Collection
) -> None:
    answer = as_owner.get(f"{WORDS}&all=1")
    first, ranked = answer.content.decode(), [each.id for each in answer.context["results"].ranked]
    trash_images(images=Image.objects.filter(pk__in=shown(first)[gone]), trasher=sample.owner)
    assert shown(follow(as_owner, first, htmx=True)) == ranked[FIRST_PAGE_SIZE:]


def test_following_pages_use_the_cutoffs_of_the_first(as_viewer: Client, animals: Collection) -> None:
    answer = as_viewer.get(f"{WORDS}&cutoffs=inf_-inf")
    assert answer.context["results"].likely_count == 0
    assert len(answer.context["results"].ranked) == 61
    assert math.isinf(answer.context["results"].cutoffs.likely)


HOSTILE = ("cutoffs=nan_nan", "cutoffs=x", "cutoffs=1_2_3", "offset=-1", f"offset={'9' * 500}", "after_id=%00")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_invalid_addresses_show_the_first_or_last_page(hostile: str, as_viewer: Client, animals: Collection) -> None:
    assert as_viewer.get(f"{WORDS}&{hostile}").status_code == 200


def test_back_link_shows_the_previous_page(as_viewer: Client, animals: Collection) -> None:
    first = as_viewer.get(f"{WORDS}&all=1").content.decode()
    second = follow(as_viewer, first, htmx=False)
    match = re.search(r'rel="prev" href="\?([^"]+)"', second)
    assert match
    assert shown(as_viewer.get(f"/search/?{match[1].replace('&amp;', '&')}").content.decode()) == shown(first)


def test_zip_has_all_results_but_no_hidden_ones(as_viewer: Client, animals: Collection) -> None:
    found = as_viewer.get(f"{WORDS}&collection={animals.pk}").context["results"]
    form = {"q": "a white dog", "collection": animals.pk, "all": "1"}
    for show, count in (("", len(found.ranked)), ("all", 60)):
        content = as_viewer.post("/pictures/download/", {**form, "show": show}).getvalue()
        assert len(ZipFile(io.BytesIO(content)).namelist()) == count


@pytest.mark.parametrize(("rows", "height"), [("1", 150), ("2", 300), ("10", 1500), ("99", 1500), ("x", 300)])
def test_contact_sheet_has_rows_of_five(rows: str, height: int, as_viewer: Client, animals: Collection) -> None:
    answer = as_viewer.get(f"/search/sheet/?q=a+white+dog&all=1&rows={rows}")
    assert answer.headers["Content-Type"] == "image/png"
    with Pillow.open(io.BytesIO(answer.content)) as sheet:
        assert sheet.size == (750, height)


def test_empty_contact_sheet_is_an_explanation(as_outsider: Client, animals: Collection) -> None:
    answer = as_outsider.get("/search/sheet/?q=a+white+dog", follow=True)
    assert "No pictures found" in answer.content.decode()


def test_contact_sheet_holds_only_visible_pictures(as_outsider: Client, as_viewer: Client, animals: Collection) -> None:
    assert as_viewer.get("/search/sheet/?q=a+white+dog").status_code == 200
    assert as_outsider.get("/search/sheet/?q=a+white+dog").status_code == 302


def test_tiles_lead_to_more_and_less_of_their_own_picture(as_owner: Client, animals: Collection) -> None:
    parameters = {"q": 'a "white dog" & boat', "all": "1"}
    named, other = shown(as_owner.get("/search/", parameters).content.decode())[:2]
    Image.objects.filter(pk=named).update(title='999999999999999999 <b> "&"')
    page = unescape(as_owner.get("/search/", parameters).content.decode())
    for sign, words, key in (("", "More", "m"), ("-", "Less", "l")):
        for pk in (named, other):
            assert f'+{sign}0.3%3Alike%3A{pk}" data-tile-key="{key}"' in page
        assert f'{words} like 999999999999999999 <b> "&"</span>' in page
