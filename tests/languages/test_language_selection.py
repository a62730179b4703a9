"""The language of a page: the browser's until a person selects one, and its effect on caches."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from collections_app.models import PublicLink
from tests.sample_team import SampleTeam, sign_in_client


def language_of(page: bytes) -> str:
    return page.decode().split('<html lang="', 1)[1][:2]


@pytest.mark.parametrize(
    ("accepted", "given"), [("ru", "ru"), ("ru-RU,ru;q=0.9", "ru"), ("de,ru;q=0.5", "ru"), ("de", "en"), ("", "en")]
)
def test_browser_language_is_the_default(accepted: str, given: str, client: Client, db: None) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Language": accepted})
    assert (language_of(page.content), page.headers["Content-Language"]) == (given, given)


def test_selected_language_overrides_the_browser(client: Client, db: None) -> None:
    answer = client.post("/i18n/setlang/", {"language": "ru", "next": "/accounts/signup/?next=/teams/"})
    assert answer.headers["Location"] == "/accounts/signup/?next=/teams/"
    assert language_of(client.get("/accounts/login/", headers={"Accept-Language": "en"}).content) == "ru"
    cookie = answer.cookies["language"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (365 * 24 * 3600, True, "Lax")


def test_every_language_is_listed_in_its_own_name(client: Client, db: None) -> None:
    for language in ("en", "ru"):
        page = client.get("/accounts/login/", headers={"Accept-Language": language}).content.decode()
        assert re.findall(r'<button name="language"[^>]*>\s*(\w+)\s*</button>', page) == ["English", "Русский"]


def test_an_unknown_language_changes_nothing(client: Client, db: None) -> None:
    client.post("/i18n/setlang/", {"language": "xx", "next": "/accounts/login/"})
    assert language_of(client.get("/accounts/login/").content) == "en"


def test_switch_does_not_redirect_to_another_site(client: Client, db: None) -> None:
    answer = client.post("/i18n/setlang/", {"language": "ru", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


def test_switch_returns_to_its_page(sample: SampleTeam) -> None:
    page = sign_in_client(sample.owner).get("/search/?q=rose&page=1")
    assert 'name="next" value="/search/?q=rose&amp;page=1"' in page.content.decode()


def test_switch_on_a_submitted_form_returns_to_the_form_page(client: Client, sample: SampleTeam) -> None:
    client.force_login(sample.owner)
    address = f"http://testserver/teams/{sample.team.pk}/"
    page = client.post(f"{address}invite/", {"email": "no address"}, headers={"Referer": address})
    assert page.status_code == 400
    assert f'name="next" value="{address}"' in page.content.decode()


def test_cached_page_is_not_used_for_another_language(client: Client, db: None) -> None:
    headers = client.get("/accounts/login/").headers
    assert "no-store" in headers["Cache-Control"]
    assert "Accept-Language" in headers["Vary"]


@pytest.mark.parametrize("is_known", [False, True], ids=["200", "304"])
@pytest.mark.parametrize("is_public", [False, True], ids=["member", "link"])
def test_picture_response_does_not_vary_by_language(
    is_known: bool, is_public: bool, client: Client, sample: SampleTeam
) -> None:
    client.force_login(sample.owner)
    link = PublicLink.objects.create(collection=sample.collection)
    address = (
        f"/s/{link.secret}/{sample.image.public_id}/thumbnail/" if is_public else f"/images/{sample.image.pk}/file/"
    )
    etag = client.get(address).headers["ETag"]
    known = {"If-None-Match": etag} if is_known else {}
    answer = client.get(address, headers={"Accept-Language": "ru", **known})
    assert answer.status_code == (304 if is_known else 200)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Language" not in answer.headers
    assert "Accept-Language" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize(
    ("model", "language", "is_hinted"),
    [
        ("openai/clip-vit-base-patch32", "ru", True),
        ("demo", "ru", True),
        ("openai/clip-vit-base-patch32", "en", False),
        ("google/siglip-base-patch16-256-multilingual", "ru", False),
    ],
)
def test_page_of_an_english_model_requests_english_queries(
    model: str, language: str, is_hinted: bool, client: Client, sample: SampleTeam, settings: Settings
) -> None:
    settings.CLIP_MODEL = model
    client.force_login(sample.owner)
    page = client.get("/search/", headers={"Accept-Language": language}).content.decode()
    assert ("по-английски" in page) is is_hinted
