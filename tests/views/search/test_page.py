"""The search page."""

import io
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from collections_app.demo.gallery import get_demo_collections
from collections_app.models import Membership, Role, Share, Team
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload
from tests.drawn_pictures import draw_jpeg
from tests.sample_team import SampleTeam, put_picture, put_pictures

HOSTILE = {
    "100 kB": "dog " * 25_000,
    "NUL": "a%00dog",
    "lone surrogate": "%ED%A0%80",
    "emoji": quote("🐶👩‍👩‍👧‍👦"),
    "broken UTF-8": "%FF%FE",
    "blanks": "%20%09%0A",
    "right to left": quote("\u202eكلب"),
    "markup": quote('"><script>alert(1)</script>'),
}


@pytest.fixture
def drawings(sample: SampleTeam, drain: Callable[[], None]) -> None:
    """Twelve drawn animals, some of them white dogs, indexed."""
    animals = get_demo_collections()[0].pictures
    dogs = [each for each in animals if each.title.startswith("A white dog")][:4]
    others = [each for each in animals if "dog" not in each.title][:8]
    collection = create_collection(team=sample.team, name="Animals", creator=sample.owner)
    for picture in (*others, *dogs):
        ingest_upload(
            file=io.BytesIO(draw_jpeg(picture.scene)),
            file_name=picture.file_name,
            collection=collection,
            uploader=sample.owner,
            title=picture.title,
        )
    drain()


@pytest.mark.usefixtures("drawings")
def test_white_dogs_come_first_with_falling_scores(as_viewer: Client) -> None:
    answer = as_viewer.get("/search/?q=a+white+dog")
    results = answer.context["results_page"].results
    assert all(each.image.title.startswith("A white dog") for each in results[:3])
    scores = [each.score for each in results]
    assert scores == sorted(scores, reverse=True)
    assert f'data-image-id="{results[0].image.pk}" data-score="{results[0].score:.4f}"' in answer.content.decode()


@pytest.mark.usefixtures("drawings")
def test_outsider_finds_nothing_of_the_team(as_outsider: Client) -> None:
    answer = as_outsider.get("/search/?q=a+white+dog")
    assert answer.status_code == 200
    assert b"data-image-id" not in answer.content


@pytest.mark.usefixtures("drawings")
def test_collection_filter_limits_the_search(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get(f"/search/?q=a+white+dog&collection={sample.collection.pk}")
    assert [each.image for each in answer.context["results_page"].results] == [sample.image]


@pytest.mark.usefixtures("drawings")
def test_number_of_statements_does_not_depend_on_the_number_of_hits(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None]
) -> None:
    address = f"/search/?q=dog&collection={sample.collection.pk}&all=1"
    as_owner.get(address)
    with CaptureQueriesContext(connection) as one:
        assert as_owner.get(address).content.count(b"data-score") == 1
    put_pictures(sample, 199)
    drain()
    with CaptureQueriesContext(connection) as many:
        assert len(as_owner.get(address).context["results"].ranked) == 200
    assert len(many) == len(one)


@pytest.mark.usefixtures("drawings")
@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_queries_get_a_page(query: str, as_owner: Client) -> None:
    answer = as_owner.get(f"/search/?q={query}&page=-9")
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content


def test_search_box_keeps_the_words(as_owner: Client, drain: Callable[[], None]) -> None:
    drain()
    page = as_owner.get("/search/?q=a+%22big%22+dog").content.decode()
    assert 'value="a &quot;big&quot; dog"' in page


@pytest.mark.parametrize(
    ("query", "is_focused"),
    [("", True), ("?q=tag:nothing", True), ("?q=red", False)],
)
def test_search_box_has_the_focus_where_there_are_no_results(
    query: str, is_focused: bool, as_owner: Client, drain: Callable[[], None]
) -> None:
    drain()
    page = as_owner.get(f"/search/{query}").content.decode()
    (box,) = re.findall(r'<input id="search-box"[^>]*>', page)
    assert ("autofocus" in box) == is_focused


def test_content_is_below_the_search_box_whatever_is_searched(as_owner: Client, drain: Callable[[], None]) -> None:
    drain()
    page = as_owner.get("/search/", {"q": "<!-- content -->"}).content.decode()
    assert page.count("<!-- content -->") == 0
    assert page.count("<h1") == page.count("data-image-id") == 1
    assert page.index('id="search-form"') < page.index('id="content"') < page.index("<h1") < page.index("</main>")


def test_empty_query_shows_the_latest_pictures(as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.get("/search/").content.decode()
    assert f'data-image-id="{sample.image.pk}"' in page
    assert "data-score" not in page


@pytest.mark.parametrize("number", ["x", "-1", "9" * 5000, "%00", "999999"])
def test_unknown_collection_is_reported_and_nothing_is_searched(
    number: str, as_owner: Client, sample: SampleTeam
) -> None:
    page = as_owner.get(f"/search/?collection={number}").content.decode()
    assert "doesn&#x27;t exist" in page
    assert f'data-image-id="{sample.image.pk}"' not in page


def test_invisible_collection_resembles_a_missing_one(as_outsider: Client, sample: SampleTeam) -> None:
    page = as_outsider.get(f"/search/?collection={sample.collection.pk}").content.decode()
    assert "doesn&#x27;t exist" in page
    assert "Garden" not in page


@pytest.mark.usefixtures("broken_index")
def test_failure_is_a_503_with_a_sentence_and_never_an_empty_result(as_owner: Client) -> None:
    answer = as_owner.get("/search/?q=a+white+dog")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "Search is temporarily unavailable." in page
    assert 'value="a white dog"' in page
    assert "</html>" in page


def test_missing_model_is_a_503_too(as_owner: Client, settings: Settings) -> None:
    settings.CLIP_MODEL_PATH = "/nowhere/at/all"
    answer = as_owner.get("/search/?q=dog")
    assert answer.status_code == 503
    assert "Search is temporarily unavailable." in answer.content.decode()


def test_demo_model_notice_says_what_it_understands(as_owner: Client, settings: Settings) -> None:
    assert "only understands drawn scenes" in as_owner.get("/search/").content.decode()
    settings.CLIP_MODEL = "openai/clip-vit-base-patch32"
    assert "only understands drawn scenes" not in as_owner.get("/search/").content.decode()


def test_visitor_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/search/?q=dog").headers["Location"] == "/accounts/login/?next=/search/%3Fq%3Ddog"


@pytest.mark.parametrize(("shown", "most"), [("&all=1", 11), ("", 17)], ids=["all", "split"])
def test_number_of_statements_is_the_same_with_one_team_or_fifty(
    sample: SampleTeam, as_outsider: Client, drain: Callable[[], None], shown: str, most: int
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as statements:
            results = as_outsider.get(f"/search/?q=red{shown}").context["results"]
        assert len(results.ranked) + results.hidden_count == expected
        return len(statements)

    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    drain()
    expected = 1
    few = statements()
    for number in range(50):
        team = Team.objects.create(name=f"Team {number}")
        Membership.objects.create(team=team, user=sample.outsider, role="viewer")
        collection = team.collections.create(name="Theirs")
        put_picture(collection, sample.owner, f"{number}.png", colour=(number, 9, 9))
    drain()
    expected = 51

    assert statements() == few <= most


def test_collection_of_another_team_has_no_pictures(as_owner: Client, sample: SampleTeam) -> None:
    other = Team.objects.create(name="Foresters")
    Membership.objects.create(team=other, user=sample.owner, role=Role.OWNER)

    response = as_owner.get("/search/", {"collection": sample.collection.pk, "team": other.pk})

    assert response.status_code == 200
    assert not list(response.context["page"])
