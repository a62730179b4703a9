"""Names that people enter: cleaned before they are stored, and folded for comparisons that ignore case."""

import unicodedata
from collections.abc import Collection, Iterable
from typing import Any

from django.db import models

# Invisible characters that are parts of words and emoji: half-space, joiner, and the tags of some flags.
_KEPT_FORMAT_CHARACTERS = frozenset("\u200c\u200d") | {chr(point) for point in range(0xE0020, 0xE0080)}
_IGNORED_IN_COMPARISONS = frozenset("\u200c\u200d\ufe0e\ufe0f")
MAX_FOLDED_LENGTH = 300


def clean_name(text: str) -> str:
    """Return the text composed (NFC), with single blanks, without control characters and broken Unicode."""
    readable = unicodedata.normalize("NFC", text.encode(errors="ignore").decode())
    return " ".join("".join(map(_replace_invisible, readable)).strip("\u200c\u200d").split())


def fold_name(text: str) -> str:
    """Return the same text for names that differ only in case, width or invisible characters.

    Databases cannot do this: SQLite's lower() changes ASCII only.
    """
    folded = unicodedata.normalize("NFKC", clean_name(text)).casefold().replace("i\u0307", "i")
    if not folded.isascii():
        folded = "".join(each for each in folded if each not in _IGNORED_IN_COMPARISONS)
    return " ".join(unicodedata.normalize("NFKC", folded).split())[:MAX_FOLDED_LENGTH]


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Return the cleaned tags without empty ones. Of tags that differ only in case, the last spelling remains."""
    return list({name.casefold(): name for tag in tags if (name := clean_name(tag))}.values())


def find_free_name(name: str, *, taken: Collection[str], max_length: int = 100) -> str:
    """Return the name, or the name with a number if its folded form is among the `taken` ones."""
    free, number = name, 2
    while fold_name(free) in taken:
        suffix = f" ({number})"
        free, number = name[: max_length - len(suffix)] + suffix, number + 1
    return free


class NameField(models.CharField[str, str]):
    """A name that is cleaned by every write."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        setattr(model_instance, self.attname, clean_name(getattr(model_instance, self.attname)))
        return super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return clean_name(prepared) if isinstance(prepared, str) else prepared


class FoldedNameField(models.CharField[str, str]):
    """The folded form of the field `source`, for constraints and lookups. Every save writes it."""

    def __init__(self, *args: Any, source: str = "name", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | ({} if self.source == "name" else {"source": self.source})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        setattr(model_instance, self.attname, fold_name(getattr(model_instance, self.source)))
        return super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return fold_name(prepared) if isinstance(prepared, str) else prepared


class AddressField(models.EmailField[str, str]):
    """An email address in lower case, in all alphabets."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        setattr(model_instance, self.attname, self.get_prep_value(getattr(model_instance, self.attname)))
        return super().pre_save(model_instance, add)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return unicodedata.normalize("NFC", prepared).lower() if isinstance(prepared, str) else prepared


class TagsField(models.JSONField):
    """A list of tags, cleaned by every write. Administrators can store any other JSON, which stays as it is."""

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(tag, str) for tag in value):
            return super().get_prep_value(clean_tags(value))
        return super().get_prep_value(value)


def _replace_invisible(character: str) -> str:
    """Keep visible characters and parts of words, drop other format characters, and replace the rest by a blank."""
    if character.isprintable() or character in _KEPT_FORMAT_CHARACTERS:
        return character
    return "" if unicodedata.category(character) == "Cf" else " "
