"""The search page of a search that cannot be understood, and files made of its results."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from collections_app.models import SavedSearch
from collections_app.services.library.collections import create_collection
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam, picture_bytes


def read_page(client: Client, address: str) -> str:
    return unescape(client.get(address, follow=True).content.decode())


ADDRESSES = ["?q=red+in:Gardn", "?q=red+by:nobody", "?q=is:panorama", "?q=red+%22in:Garden", "?q=red&collection=99999"]
ADDRESSES += [
    "?collection=99999",
    "?q=red&team=abc",
    "?q=red&sort=colour",
    "?like=dog",
    "?q=red&page=x",
    "?q=red&all=0",
]
ADDRESSES += ["?page=x", "?q=red+in:Gardn&rate=1", "?q=red+in:Gardn&offset=24&all=1"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_page_shows_no_picture_and_says_why(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None], address: str
) -> None:
    drain()
    page = read_page(as_owner, f"/search/{address}")
    assert f'data-image-id="{sample.image.pk}"' not in page
    assert "results-form" not in page
    assert "Nothing was searched" in page
    assert "notice-warn" in page


def test_next_page_of_a_broken_search_is_a_400(as_owner: Client) -> None:
    answer = as_owner.get("/search/?q=red+in:Gardn&offset=24", headers={"HX-Request": "true"})
    assert (answer.status_code, "No collection named" in answer.content.decode()) == (400, True)


def test_links_lead_to_the_suggestion_and_to_the_search_without_the_part(as_owner: Client) -> None:
    (notice,) = as_owner.get("/search/?q=red+in:Gardn").context["notices"]
    assert as_owner.get(notice.replaced_url).context["search"].text == "red in:Garden"
    assert as_owner.get(notice.without_url).context["search"].text == "red"


def test_link_without_one_part_keeps_the_other_broken_ones(as_owner: Client) -> None:
    address = "/search/?q=red+in:Gardn&collection=99999"
    for notice in as_owner.get(address).context["notices"]:
        assert as_owner.get(notice.without_url).context["search"].problems


def test_example_added_to_a_broken_search_keeps_the_problem(as_owner: Client) -> None:
    for text in ('red "in:Garden', "red in:Gardn", "x " * 400):
        file = SimpleUploadedFile("red.png", picture_bytes("red"), "image/png")
        answer = as_owner.post("/search/examples/", {"q": text, "example": file}, follow=True)
        assert answer.context["search"].problems


def test_filter_form_keeps_an_open_quotation(as_owner: Client) -> None:
    answer = as_owner.get("/search/", {"q": 'red "dog', "by": "me"}, follow=True)
    assert [str(each) for each in answer.context["search"].problems]


@pytest.mark.parametrize("sent", ["q=red+in:Gardn", "q=red&collection=99999", "q=red&page=x"])
def test_contact_sheet_of_a_broken_search_is_a_400(as_owner: Client, drain: Callable[[], None], sent: str) -> None:
    drain()
    answer = as_owner.get(f"/search/sheet/?{sent}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


def test_broken_search_cannot_be_saved(as_owner: Client) -> None:
    answer = as_owner.post("/searches/save/", {"name": "Red", "query": "q=red+in%3AGardn"})
    assert answer.status_code == 400
    assert "No collection named “Gardn”" in answer.content.decode()
    assert not SavedSearch.objects.exists()


def test_saved_search_of_a_deleted_collection_says_why(as_owner: Client, sample: SampleTeam) -> None:
    search = SavedSearch.objects.create(maker=sample.owner, name="Red", query="q=red+in%3ASummer")
    assert "No collection named “Summer”" in read_page(as_owner, f"/searches/{search.pk}/")
    answer = as_owner.get(f"/searches/{search.pk}/new/")
    assert (answer.status_code, "Summer" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("line", ["tag:sea", 'red "dog', "foo:bar", '"red" -"red"'])
def test_public_link_says_why_it_finds_nothing(
    client: Client, sample: SampleTeam, drain: Callable[[], None], line: str
) -> None:
    drain()
    link = create_link(collection=sample.collection, creator=sample.owner)
    answer = client.get(f"/s/{link.secret}/search/", {"q": line})
    assert answer.status_code == 400
    assert "notice-warn" in answer.content.decode()
    assert str(sample.image.public_id) not in answer.content.decode()


@pytest.mark.parametrize("name", ['The "Great" War', "C:\\pictures", "“Ёлка”", "a  b\tc", "👨‍👩‍👧", "//x", "in:Garden"])
def test_collection_and_tag_of_any_name_are_found_by_a_link(as_owner: Client, sample: SampleTeam, name: str) -> None:
    collection = create_collection(team=sample.team, name=name, creator=sample.owner)
    typo = f"{collection.name}x".replace("\\", "\\\\").replace('"', '\\"').replace("“", "\\“").replace("”", "\\”")
    (notice,) = as_owner.get("/search/", {"q": f'in:"{typo}"'}).context["notices"]
    assert as_owner.get(notice.replaced_url).context["search"].filters.collections == [collection]
    sample.image.tags = [name]
    sample.image.save()
    page = as_owner.get(f"/images/{sample.image.pk}/").content.decode()
    (address,) = re.findall(r'class="chip" href="(/search/[^"]*)"', unescape(page.replace("&quot;", "%22")))
    ranked = as_owner.get(address).context["results"].ranked
    assert [each.id for each in ranked] == [sample.image.pk]
