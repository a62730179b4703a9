"""Static files once they are collected: hashed names that browsers keep for ever."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from tests.sample_team import SampleTeam, sign_in_client

HASHED = re.compile(r"/static/[\w./-]+\.[0-9a-f]{12}\.\w+")
_IN_PAGE = re.compile(r"""(?:src|href)="(/static/[^"]+)\"""")
_IMPORT = re.compile(r"""\bimport\b[^;]*?["']([^"']+)["']""")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("static")


@pytest.fixture(autouse=True)
def collected_files(settings: Settings, collected: Path) -> None:
    storage = {"BACKEND": "imagesearch.static_files.HashedStaticFiles"}
    settings.STATIC_ROOT, settings.STORAGES = collected, {**settings.STORAGES, "staticfiles": storage}
    if not any(collected.iterdir()):
        call_command("collectstatic", interactive=False, verbosity=0)


def read(client: Client, address: str) -> str:
    """Read a static file, which must have a hashed name and be kept for ever."""
    answer = client.get(address)
    assert HASHED.fullmatch(address), address
    assert (answer.status_code, answer["Cache-Control"]) == (200, "max-age=315360000, public, immutable"), address
    return b"".join(answer).decode()


@pytest.mark.parametrize(
    "choose_page",
    [
        lambda sample: "/",
        lambda sample: "/search/?q=red",
        lambda sample: "/upload/",
        lambda sample: f"/images/{sample.image.pk}/",
    ],
    ids=["gallery", "search", "upload", "image"],
)
def test_pages_name_scripts_and_styles_by_their_hashes(
    choose_page: Callable[[SampleTeam], str], sample: SampleTeam
) -> None:
    client = sign_in_client(sample.owner)
    addresses = _IN_PAGE.findall(client.get(choose_page(sample), follow=True).content.decode())
    assert addresses
    for address in addresses:
        read(client, address)


def test_htmx_has_a_hashed_name(sample: SampleTeam) -> None:
    page = sign_in_client(sample.owner).get("/").content.decode()
    assert re.search(r"/static/django_htmx/htmx[\w.-]*\.[0-9a-f]{12}\.js", page)


def test_imports_between_scripts_lead_to_hashed_names(sample: SampleTeam) -> None:
    client = sign_in_client(sample.owner)
    pages = [client.get(address).content.decode() for address in ("/", "/upload/", f"/images/{sample.image.pk}/")]
    in_pages = {address for page in pages for address in _IN_PAGE.findall(page) if "/static/js/" in address}
    waiting, seen = set(in_pages), set[str]()
    while waiting:
        address = waiting.pop()
        seen.add(address)
        waiting |= {urljoin(address, name) for name in _IMPORT.findall(read(client, address))} - seen
    assert seen > in_pages, "some scripts are only imported"


def test_administration_has_hashed_names(sample: SampleTeam) -> None:
    sample.owner.is_staff = sample.owner.is_superuser = True
    sample.owner.save()
    client = sign_in_client(sample.owner)
    addresses = _IN_PAGE.findall(client.get("/admin/").content.decode())
    assert any("/static/admin/" in address for address in addresses)
    for address in addresses:
        read(client, address)


def test_without_collected_files_names_are_plain(settings: Settings, tmp_path: Path, client: Client, db: None) -> None:
    settings.STATIC_ROOT = tmp_path
    page = client.get("/accounts/login/").content.decode()
    assert "/static/css/base.css" in page
    assert client.get("/static/css/base.css")["Cache-Control"] == "max-age=600, public"
