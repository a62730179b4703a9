"""The dashboard of the administration, in both themes and languages: nothing for axe to find, nothing too wide."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.installation import EMAIL, PASSWORD, Installation, make_installation

from .actions import choose_files, create_collection, expect_uploaded
from .test_appearance import APPEARANCES, Appearance, find_faults

DASHBOARD = "/admin/collections_app/indexingpause/"


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A site whose only account is an administrator."""
    installation = make_installation(tmp_path_factory.mktemp("administration") / "site")
    installation.shell("User.objects.update(is_staff=True, is_superuser=True)")
    with (installation.data_dir / "log").open("w") as log:
        process = installation.serve(log, WEB_WORKERS="1", EMAIL_HOST="")
        yield installation
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def administrator(browser: Browser, own_site: Installation, scenes: list[Path]) -> Iterator[Page]:
    """Has paused indexing while pictures wait, of which some have failed."""
    page = browser.new_context(base_url=own_site.address).new_page()
    sign_in(page)
    page.goto(DASHBOARD)
    page.get_by_role("button", name="Pause indexing").click()
    expect(page.get_by_role("button", name="Resume indexing")).to_be_visible()
    create_collection(page, "Scenes")
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    own_site.shell(
        "IndexJob.objects.filter(pk__lte=IndexJob.objects.earliest('pk').pk + 1)"
        ".update(is_failed=True, attempts=5, error='It is damaged.')\n"
        "Team.objects.update(max_bytes=2**30)"
    )
    yield page
    page.context.close()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_url(lambda address: "/login/" not in address)


@pytest.mark.parametrize("appearance", APPEARANCES, ids=str)
def test_dashboard_is_accessible(appearance: Appearance, administrator: Page) -> None:
    addresses = (DASHBOARD, f"{DASHBOARD}?teams=incomplete")
    assert find_faults(administrator, addresses, appearance) == []
    assert administrator.locator(".status-reasons, .status-warning, .status-scroll progress").count() >= 3
