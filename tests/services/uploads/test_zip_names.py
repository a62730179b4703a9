"""Names in ZIP files: backslashes, encodings that the archive does not state, and names that are refused."""

import io
import unicodedata
import zipfile
import zlib

import pytest

from collections_app.services.uploads.zip_reader import ArchiveLimits, read_archive
from tests.sample_team import picture_bytes

LIMITS = ArchiveLimits(max_entries=50, max_entry_bytes=2**20, max_total_bytes=8 * 2**20)


def zip_of_raw_names(*names: bytes, extra: bytes = b"") -> bytes:
    """Return an archive whose names are these bytes, without a stated encoding."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, name in enumerate(names):
            entry = zipfile.ZipInfo(f"{number:03d}".ljust(len(name), "~"))
            entry.extra = extra
            archive.writestr(entry, picture_bytes((number, 5, 5)))
    content = buffer.getvalue()
    for number, name in enumerate(names):
        content = content.replace(f"{number:03d}".ljust(len(name), "~").encode(), name)
    return content


def read_names(content: bytes) -> list[str]:
    entries = list(read_archive(io.BytesIO(content), LIMITS))
    assert [entry.rejection for entry in entries] == [""] * len(entries)
    return [entry.name for entry in entries]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("utf-8", ["Собака на снегу.jpg", "Café.jpg", "京都の紅葉.jpg"]),
        ("cp866", ["Моя летом.jpg"]),
        ("cp866", ["Фото.jpg"]),
        ("cp866", ["Отпуск 2014/IMG_0001.jpg", "Отпуск 2014/IMG_0002.jpg"]),
        ("cp1251", ["Моя летом.jpg", "дача.jpg"]),
        ("cp1251", ["Отпуск 2014/IMG_0001.jpg"]),
        ("cp437", ["Café.jpg", "Übung größe.jpg", "mañana.png"]),
        ("cp437", ["Zürich.jpg"]),
        ("cp850", ["Õçã Ação.jpg", "São Paulo.jpg"]),
        ("cp1252", ["Café.jpg", "Ägypten.jpg"]),
        ("shift-jis", ["京都の紅葉.jpg", "表示.jpg", "運動会.jpg"]),
        ("shift-jis", ["新しいフォルダー/画像 001.jpg"]),
        ("gbk", ["北京的秋天.jpg"]),
        ("gbk", ["新建文件夹/图片1.jpg", "微信图片_2019.jpg", "照片.jpg"]),
    ],
)
def test_names_in_unstated_encodings_are_read(encoding: str, names: list[str]) -> None:
    assert read_names(zip_of_raw_names(*(name.encode(encoding) for name in names))) == names


def test_one_encoding_is_guessed_for_all_names() -> None:
    """`Б.jpg` alone could be in any code page; the other name decides."""
    names = ["Б.jpg", "Собака на снегу.jpg"]
    assert read_names(zip_of_raw_names(*(name.encode("cp866") for name in names))) == names


def test_decomposed_names_are_composed() -> None:
    name = unicodedata.normalize("NFD", "Café й.jpg")
    assert read_names(zip_of_raw_names(name.encode())) == ["Café й.jpg"]


def test_backslashes_separate_folders() -> None:
    assert read_names(zip_of_raw_names(b"Holiday\\Day1\\a.jpg", b"b.jpg")) == ["Holiday/Day1/a.jpg", "b.jpg"]


def test_backslash_in_a_japanese_character_is_no_separator() -> None:
    assert b"\\" in "表.jpg".encode("shift-jis")
    names = ["写真/表紙.jpg", "写真/京都の紅葉.jpg"]
    assert read_names(zip_of_raw_names(*(name.encode("shift-jis") for name in names))) == names


def test_name_in_the_unicode_field_is_preferred() -> None:
    plain, name = b"foto.jpg~~", "фото.jpg".encode()
    field = b"\x01" + zlib.crc32(plain).to_bytes(4, "little") + name
    extra = (0x7075).to_bytes(2, "little") + len(field).to_bytes(2, "little") + field
    assert read_names(zip_of_raw_names(plain, extra=extra)) == ["фото.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        *("a/.DS_Store", "Thumbs.db", "a/desktop.ini", "__MACOSX/._a.png", "@eaDir/a.jpg/thumb.jpg", "#recycle/a.png"),
        *("lost+found/a.png", "a\\@eaDir\\thumb.jpg", "._a.png", "$RECYCLE.BIN/a.png", "folder\\"),
    ],
)
def test_system_files_and_folders_are_passed_over(name: str) -> None:
    assert read_names(zip_of_raw_names(name.encode(), b"good.png")) == ["good.png"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/top.png", "leads out"),
        ("\\\\server\\share\\a.png", "leads out"),
        ("C:\\Users\\a.png", "leads out"),
        ("a\\..\\..\\b.png", "leads out"),
        ("n" * 5000 + ".png", "too long"),
    ],
)
def test_names_that_are_no_paths_inside_are_refused(name: str, reason: str) -> None:
    content = zip_of_raw_names(name.encode(), b"good.png")
    rejections = [entry.rejection for entry in read_archive(io.BytesIO(content), LIMITS)]
    assert reason in rejections[0]
    assert rejections[1:] == [""]


@pytest.mark.parametrize("name", ["1:30 pm.png", "12:30.png", "   .png", "...png"])
def test_unusual_names_are_accepted(name: str) -> None:
    expected = [] if name.startswith(".") else [name]
    assert read_names(zip_of_raw_names(name.encode(), b"good.png")) == [*expected, "good.png"]
