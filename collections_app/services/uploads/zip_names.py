"""The names in a ZIP file: their encoding, which old archives do not state, and checks of the names."""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from collections_app.services.uploads.non_pictures import is_system_path

_UTF8_FLAG = 0x800
# Info-ZIP's extra field with the name in UTF-8: a version, the CRC-32 of the plain name, and the name.
_UNICODE_PATH = 0x7075
_MAX_NAME_CHARACTERS = 4096
_DEFAULT = "cp437"
# This many names are enough to guess an encoding, and keep the request short.
_MAX_SCORED = 200
# Of code pages that fit equally well, the first one wins.
_CODE_PAGES = ("cp866", "cp1251", "cp437", "cp850", "cp1252", "cp932", "gb2312", "cp949", "gbk", "big5")
# These multi-byte code pages fit many names by chance, so they start with a handicap.
_HANDICAPS = {"cp932": 0.06, "gb2312": 0.06, "cp949": 0.08, "gbk": 0.3, "big5": 0.3}
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
# Words without a vowel, and hard and soft signs where Russian has none.
_ODD_RUSSIAN = re.compile(
    r"(?<![\u0410-\u044fЁё])[БВГДЖЗЙКЛМНПРСТФХЦЧШЩбвгджзйклмнпрстфхцчшщъь][бвгджзйклмнпрстфхцчшщъь]{2,}(?![\u0410-\u044fЁё])"
    r"|(?<![\u0410-\u044fЁё])[ъыьЪЫЬ]|ъ(?![еёюя])"
)


def decode_names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the name of each entry, with slashes and in normal form C.

    Names without a stated encoding are UTF-8 if all are valid UTF-8. Otherwise one code page is guessed for all.
    """
    unstated = {position: info.orig_filename.encode("cp437") for position, info in enumerate(infos) if _is_raw(info)}
    code_page = guess_code_page(unstated.values())
    names = []
    for position, info in enumerate(infos):
        name = unstated[position].decode(code_page) if position in unstated else info.orig_filename
        names.append(unicodedata.normalize("NFC", _read_unicode_path(info) or name).replace("\\", "/"))
    return names


def guess_code_page(names: Iterable[bytes]) -> str:
    """Return the encoding in which the names look most like words."""
    unique = set(names)
    for encoding in ("ascii", "utf-8"):
        if _decode_all(unique, encoding) is not None:
            return encoding
    foreign = sorted(name for name in unique if not name.isascii())
    scores = {
        code_page: _score_names(decoded[:_MAX_SCORED]) + _HANDICAPS.get(code_page, 0)
        for code_page in _CODE_PAGES
        if (decoded := _decode_all(foreign, code_page)) is not None
    }
    return min(scores, key=scores.__getitem__) if scores else _DEFAULT


def check_name(info: zipfile.ZipInfo, name: str) -> str:
    """Return why the name of an entry is refused, or an empty string."""
    if len(name) > _MAX_NAME_CHARACTERS:
        return _("The name of this file is too long.")
    if "\0" in name:
        return _("The name of this file contains a character that isn't allowed.")
    if is_outside_path(name):
        return _("The path of this file leads out of the ZIP file.")
    return ""


def is_outside_path(name: str) -> bool:
    has_drive = name[1:2] == ":" and name[:1].isascii() and name[:1].isalpha()
    return name.startswith("/") or has_drive or ".." in name.split("/")


def is_skipped(name: str) -> bool:
    """Return whether the entry is a folder or a system's file. A path out of the archive is rejected, not skipped."""
    if name.endswith("/"):
        return True
    return is_system_path(name) and not is_outside_path(name)


def _is_raw(info: zipfile.ZipInfo) -> bool:
    return not info.flag_bits & _UTF8_FLAG


def _read_unicode_path(info: zipfile.ZipInfo) -> str:
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5 and _is_raw(info):
            crc = int.from_bytes(field[1:5], "little")
            if crc == zlib.crc32(info.orig_filename.encode("cp437")):
                return field[5:].decode(errors="replace")
    return ""


def _decode_all(names: Iterable[bytes], encoding: str) -> list[str] | None:
    try:
        return [name.decode(encoding) for name in names]
    except UnicodeDecodeError:
        return None


def _score_names(names: Iterable[str]) -> float:
    """Return how little the names look like words: 0 if each character fits its neighbours, about 1 if none does."""
    foreign = odd = 0.0
    for name in names:
        odd += len(_ODD_RUSSIAN.findall(name))
        for previous, character in zip(f" {name}", name, strict=False):
            if not character.isascii():
                foreign += 1
                odd += _score_character(character)
            odd += _score_pair(previous, character)
    return odd / max(foreign, 1)


def _score_character(character: str) -> float:
    """Return how unusual the character is in a name: symbols most, then rare scripts, then rare characters."""
    if not character.isalpha():
        return 0.0 if unicodedata.category(character) in ("Mn", "Pd") else 1.0
    script = _get_script(character)
    if script == "HALFWIDTH":
        return 0.3
    if script == "CJK":
        return 0.0 if _is_frequent(character) else 0.3
    if script == "CYRILLIC":
        return 0.0 if character.lower() in _RUSSIAN else 0.1
    return 0.0 if script in ("LATIN", "HIRAGANA", "KATAKANA", "HANGUL") else 0.8


def _score_pair(previous: str, character: str) -> float:
    """Return how unusual the pair is. A word usually has one script, and its capital letters come first."""
    if not (previous.isalpha() and character.isalpha()) or (previous + character).isascii():
        return 0.0
    first, second = _get_script(previous), _get_script(character)
    if first != second:
        return 0.0 if {first, second} <= {"CJK", "HIRAGANA", "KATAKANA"} else 1.0
    if previous.islower() and character.isupper():
        return 1.0
    if previous.isupper() and character.isupper():
        return 0.05
    # Letters with accents rarely follow each other.
    return 0.5 if first == "LATIN" and not previous.isascii() and not character.isascii() else 0.0


def _get_script(character: str) -> str:
    name = unicodedata.name(character, "UNKNOWN").split()[0]
    return "CJK" if name.startswith("CJK") or character in "々〇" else name


def _is_frequent(character: str) -> bool:
    """Return whether the ideograph is in the first level of the Chinese or the Japanese standard."""
    for code_page, first, last in (("gb2312", b"\xb0\xa1", b"\xd7\xf9"), ("cp932", b"\x88\x9f", b"\x98\x72")):
        if first <= character.encode(code_page, errors="ignore") <= last:
            return True
    return False
