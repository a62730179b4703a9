"""The start page of visitors, and what stays secret on it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_htmx.http import HTMX_STOP_POLLING
from pytest_django import Settings

from collections_app.demo.gallery import get_demo_collections
from collections_app.models import PublicLink, User
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_collection
from collections_app.services.sharing.public_links import DEMO_ACCOUNT, DEMO_COLLECTION, create_link
from tests.sample_team import SampleTeam


@pytest.fixture
def demo_link(db: None) -> PublicLink:
    user = User.objects.create_user(DEMO_ACCOUNT, "a long password")
    collection = create_collection(team=user.personal_team, name=DEMO_COLLECTION, creator=user)
    return create_link(collection=collection, creator=user)


def read_start_page(client: Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_visitor_sees_three_pictures_and_nothing_of_the_site(client: Client, sample: SampleTeam) -> None:
    secret = create_link(collection=sample.collection, creator=sample.owner).secret
    page = read_start_page(client)
    assert page.count('src="/static/img/start/') == 3
    assert "/accounts/login/" in page
    for hidden in ("Garden", "/images/", "/s/", secret, "1 picture"):
        assert hidden not in page


@pytest.mark.parametrize("is_open", [True, False])
def test_sign_up_is_offered_where_it_is_open(is_open: bool, client: Client, db: None, settings: Settings) -> None:
    settings.SIGNUP_OPEN = is_open
    assert ("/accounts/signup/" in read_start_page(client)) == is_open


def test_other_pages_ask_to_sign_in_and_lead_back(client: Client, db: None) -> None:
    assert client.get("/trash/").headers["Location"] == "/accounts/login/?next=/trash/"


def test_page_of_somebody_who_is_signed_out_loads_no_start_page(client: Client, db: None) -> None:
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (HTMX_STOP_POLLING, b"")


def test_demo_offers_a_search_of_its_public_collection(client: Client, demo_link: PublicLink) -> None:
    page = read_start_page(client)
    assert f'action="/s/{demo_link.secret}/search/"' in page
    assert f'href="/s/{demo_link.secret}/search/?q=a%20white%20dog%20in%20the%20snow"' in page


@pytest.mark.parametrize(
    "change",
    [{"password": "a hash"}, {"expires_at": timezone.now() + timedelta(days=1)}, {"creator": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_link_for_some_people_is_not_shown(change: dict[str, object], client: Client, demo_link: PublicLink) -> None:
    PublicLink.objects.update(**change)
    assert "/s/" not in read_start_page(client)


def test_links_of_other_collections_are_not_shown(client: Client, demo_link: PublicLink) -> None:
    creator = demo_link.creator
    assert creator
    other = create_collection(team=creator.personal_team, name="Family", creator=creator)
    create_link(collection=other, creator=creator)
    trash_collection(collection=demo_link.collection, trasher=creator)
    assert "/s/" not in read_start_page(client)


def test_another_model_makes_no_demo(client: Client, demo_link: PublicLink, settings: Settings) -> None:
    settings.CLIP_MODEL = "openai/clip-vit-base-patch32"
    assert "/s/" not in read_start_page(client)


def test_demo_creates_the_collection_that_the_start_page_searches() -> None:
    assert get_demo_collections()[0].name == DEMO_COLLECTION
