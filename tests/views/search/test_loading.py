"""What is shown while the model is loading."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from collections_app import encoders
from collections_app.encoders.background import BackgroundLoad
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam


@pytest.fixture
def arrive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The model takes its time; the function lets it arrive."""
    may_go_on = threading.Event()
    slow = BackgroundLoad(may_go_on.wait, patience_s=0.01)
    loading = slow.begin()
    monkeypatch.setattr(encoders, "_background", slow)

    def let_it_arrive() -> None:
        may_go_on.set()
        loading.result(30)

    yield let_it_arrive
    let_it_arrive()


def test_a_search_is_answered_at_once_by_a_page_that_goes_on_by_itself(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None], arrive: Callable[[], None]
) -> None:
    answer = as_owner.get("/search/?q=a+red+picture")
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert '<meta http-equiv="refresh" content="2">' in page
    assert "The model is still loading" in page
    assert 'href="/search/?q=a+red+picture"' in page

    arrive()
    drain()

    assert f'data-image-id="{sample.image.pk}"' in as_owner.get("/search/?q=a+red+picture").content.decode()


@pytest.mark.usefixtures("arrive")
def test_whatever_needs_no_model_is_there_meanwhile(as_owner: Client, sample: SampleTeam) -> None:
    for address in ("/", "/search/", f"/images/{sample.image.pk}/"):
        assert as_owner.get(address).status_code == 200


@pytest.mark.usefixtures("arrive")
def test_a_visitor_of_a_public_link_is_told_the_same(client: Client, sample: SampleTeam) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    answer = client.get(f"/s/{link.secret}/search/?q=red")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "The model is still loading" in page
    assert 'http-equiv="refresh"' in page
    assert f'action="/s/{link.secret}/search/"' in page


@pytest.mark.usefixtures("arrive")
def test_similar_pictures_are_told_in_a_sentence(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get(f"/images/{sample.image.pk}/similar/")
    assert answer.status_code == 503
    assert "The model is still loading." in answer.content.decode()
