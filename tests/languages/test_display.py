"""Errors and counts in the reader's language."""

import pytest
from django.utils import translation
from django.utils.translation import ngettext_lazy

from collections_app.errors import ImageSearchError, InvalidImage, gettext_noop
from collections_app.messages import describe_error, format_count

TOO_LARGE = InvalidImage("too_large", "This file is %(size)s MB. The limit is %(limit)s MB.", size=1234.5, limit=50)
RESTORED = ngettext_lazy("%(number)s picture restored.", "%(number)s pictures restored.", "count")


def test_log_shows_errors_in_english() -> None:
    with translation.override("ru"):
        assert str(TOO_LARGE) == "This file is 1,234.5 MB. The limit is 50 MB."


def test_error_is_shown_in_the_reader_s_language_with_its_numbers() -> None:
    with translation.override("ru"):
        said = describe_error(TOO_LARGE)
    assert said == "Размер этого файла — 1\N{NO-BREAK SPACE}234,5 МБ. Допускается не более 50 МБ."


def test_only_our_own_values_are_translated() -> None:
    sentence = "This is %(what)s, not a picture. Upload %(formats)s."
    with translation.override("ru"):
        said = describe_error(ImageSearchError(sentence, what=gettext_noop("a video"), formats="Trash"))
    assert said == "Это видео, а не изображение. Загрузите Trash."


def test_lone_percent_sign_is_no_placeholder() -> None:
    assert str(ImageSearchError("100 % full")) == describe_error(ImageSearchError("100 % full")) == "100 % full"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 изображение восстановлено."),
        (3, "3 изображения восстановлены."),
        (11, "11 изображений восстановлено."),
        (1021, "1\N{NO-BREAK SPACE}021 изображение восстановлено."),
    ],
)
def test_count_selects_its_plural_form(count: int, said: str) -> None:
    with translation.override("ru"):
        assert format_count(RESTORED, count) == said
