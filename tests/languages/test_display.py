"""Errors and counts in the reader's language."""

import pytest
from django.utils import translation
from django.utils.translation import ngettext_lazy

from collections_app.errors import ImageSearchError, InvalidImage, gettext_noop
from collections_app.messages import counted, in_words

TOO_LARGE = InvalidImage(
    "too_large", "This file has %(size)s MB; at most %(limit)s MB are accepted.", size=1234.5, limit=50
)
RESTORED = ngettext_lazy("%(number)s picture restored.", "%(number)s pictures restored.", "count")


def test_an_error_is_english_in_a_log_whatever_the_language() -> None:
    with translation.override("ru"):
        assert str(TOO_LARGE) == "This file has 1,234.5 MB; at most 50 MB are accepted."


def test_an_error_is_told_in_the_reader_s_language_with_its_numbers() -> None:
    with translation.override("ru"):
        said = in_words(TOO_LARGE)
    assert said == "Размер этого файла 1\N{NO-BREAK SPACE}234,5 МБ, а допускается не более 50 МБ."


def test_only_values_of_ours_are_translated() -> None:
    sentence = "This is %(what)s, not a picture; upload %(formats)s."
    with translation.override("ru"):
        said = in_words(ImageSearchError(sentence, what=gettext_noop("a video"), formats="Trash"))
    assert said == "Это видео, а не изображение. Загрузите Trash."


def test_a_percent_sign_alone_is_no_place() -> None:
    assert str(ImageSearchError("100 % full")) == in_words(ImageSearchError("100 % full")) == "100 % full"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 изображение восстановлено."),
        (3, "3 изображения восстановлены."),
        (11, "11 изображений восстановлено."),
        (1021, "1\N{NO-BREAK SPACE}021 изображение восстановлено."),
    ],
)
def test_a_count_has_its_form(count: int, said: str) -> None:
    with translation.override("ru"):
        assert counted(RESTORED, count) == said
