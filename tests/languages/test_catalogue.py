"""The Russian catalogue is complete and consistent."""

import re

import polib
import pytest

from tests.languages.extraction import ROOT, Message, marked_messages

CATALOGUE = ROOT / "collections_app" / "locale" / "ru" / "LC_MESSAGES" / "django.po"
ENTRIES = polib.pofile(str(CATALOGUE))
_PLACE = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}|</?\w+[^>]*>")
_SECOND_PERSON = re.compile(r"\b(ты|тебя|тебе|тобой|твой|твоя|твоё|твои)\b", re.IGNORECASE)


def places(text: str) -> list[str]:
    return sorted(match[0] for match in _PLACE.finditer(text))


def forms(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_marked_sentence_is_in_the_catalogue_and_no_other() -> None:
    """Where this fails, run `make messages`, and translate what is new."""
    held = {Message(each.msgctxt or "", each.msgid, each.msgid_plural or "") for each in ENTRIES if not each.obsolete}
    assert sorted(marked_messages() ^ held) == []


def test_every_sentence_is_translated_and_none_is_fuzzy() -> None:
    assert [entry.msgid for entry in ENTRIES if entry.fuzzy or not all(forms(entry))] == []


def test_counts_have_the_three_russian_forms() -> None:
    assert "nplurals=3" in ENTRIES.metadata["Plural-Forms"]
    assert [entry.msgid for entry in ENTRIES if entry.msgid_plural and len(forms(entry)) != 3] == []


def test_translations_keep_placeholders_and_tags() -> None:
    wrong = [
        form for entry in ENTRIES for form in forms(entry) if places(form) != places(entry.msgid_plural or entry.msgid)
    ]
    assert wrong == []


@pytest.mark.parametrize("mark", ["“", "”", "'", " - ", "...", "  "])
def test_translations_follow_russian_typography(mark: str) -> None:
    assert [form for entry in ENTRIES for form in forms(entry) if mark in form] == []


def test_nobody_is_addressed_with_the_informal_you() -> None:
    assert [form for entry in ENTRIES for form in forms(entry) if _SECOND_PERSON.search(form)] == []


def test_sentence_and_translation_end_alike() -> None:
    ends = (".", "?", "!", ":", "…", ",")
    wrong = [
        (entry.msgid, form)
        for entry in ENTRIES
        for form in forms(entry)
        if entry.msgid.endswith(ends) != form.endswith(ends)
    ]
    assert wrong == []
