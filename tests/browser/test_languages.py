"""The site in Russian, in a real browser: switched without scripts, and spoken by scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .actions import choose_files, expect_uploaded
from .conftest import sign_up


def in_russian(new_context: Callable[..., BrowserContext], **options: object) -> Page:
    """Sign up in English, as tests do, and look on in Russian."""
    state = sign_up(new_context().new_page()).context.storage_state()
    return new_context(locale="ru-RU", storage_state=state, **options).new_page()


@pytest.mark.sends("set_language")
def test_language_switch_is_a_plain_form_and_returns_to_the_page(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    page.goto("/teams/?page=1")
    page.get_by_role("button", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Команды")
    assert page.url.endswith("/teams/?page=1")
    page.goto("/trash/")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trash")


def test_script_messages_are_russian(new_context: Callable[..., BrowserContext], scenes: list[Path]) -> None:
    page = in_russian(new_context)
    page.goto("/upload/")
    page.get_by_label("Название новой коллекции").fill("Лето")
    choose_files(page, scenes[:2])
    expect_uploaded(page, "Готово: 2 из 2")
    page.get_by_role("link", name="Посмотреть изображения").click()
    expect(page.locator('input[name="image"]')).to_have_count(2)
    page.wait_for_load_state()  # the script that counts is there
    page.locator('input[name="image"]').first.check()
    expect(page.locator("[data-selection-count]")).to_have_text("Выбрано: 1")
