"""The site in Russian, in a real browser: switched without scripts, spoken by scripts, and not too wide for a phone."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from .conftest import sign_up
from .test_looks import PHONE, faults_of

PAGES = [
    *("/", "/search/", "/search/?q=dog", "/upload/", "/collections/new/", "/teams/", "/trash/", "/account/"),
    *("/accounts/2fa/", "/accounts/sessions/", "/accounts/email/", "/indexing/status/", "/nowhere/"),
]


def in_russian(new_context: Callable[..., BrowserContext], **options: object) -> Page:
    """Sign up in English, as tests do, and look on in Russian."""
    state = sign_up(new_context().new_page()).context.storage_state()
    return new_context(locale="ru-RU", storage_state=state, **options).new_page()


def test_the_switch_is_a_plain_form_and_leads_back(new_context: Callable[..., BrowserContext]) -> None:
    page = sign_up(new_context(java_script_enabled=False).new_page())
    page.goto("/teams/?page=1")
    page.get_by_role("button", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Команды")
    assert page.url.endswith("/teams/?page=1")
    page.goto("/trash/")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trash")


def test_scripts_speak_russian(new_context: Callable[..., BrowserContext], scenes: list[Path]) -> None:
    page = in_russian(new_context)
    page.goto("/upload/")
    page.get_by_label("Название новой коллекции").fill("Лето")
    page.locator("[data-files]").set_input_files(scenes[:2])
    expect(page.locator("[data-count]")).to_have_text("Готово: 2 из 2", timeout=30_000)
    page.get_by_role("link", name="Показать изображения").click()
    page.locator('input[name="image"]').first.check()
    expect(page.locator("[data-chosen-count]")).to_have_text("Выбрано: 1")


def test_russian_fits_a_phone_and_has_nothing_for_axe(new_context: Callable[..., BrowserContext]) -> None:
    page = in_russian(new_context, viewport=PHONE)
    assert [fault for address in PAGES for fault in faults_of(page, address)] == []
