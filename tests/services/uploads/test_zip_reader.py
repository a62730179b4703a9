"""Hostile archives: bad entries are refused with a sentence, good ones are read, and nothing is raised."""

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from collections_app.errors import InvalidArchive
from collections_app.services.uploads.zip_reader import ArchiveLimits, count_entries, read_archive
from collections_app.services.uploads.zip_signatures import is_archive
from tests.sample_team import picture_bytes

LIMITS = ArchiveLimits(max_entries=50, max_entry_bytes=2**20, max_total_bytes=8 * 2**20)
GOOD = picture_bytes("green")
_CENTRAL, _LOCAL, _END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"

Fill = Callable[[zipfile.ZipFile], None]


def zipped(fill: Fill, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        fill(archive)
    return buffer.getvalue()


def read(content: bytes, limits: ArchiveLimits = LIMITS) -> tuple[list[bytes], dict[str, str]]:
    """Return the contents that were read, and the sentence for each refused name."""
    accepted, refused = [], {}
    for entry in read_archive(io.BytesIO(content), limits):
        if entry.file is None:
            refused[entry.name] = entry.rejection
        else:
            accepted.append(entry.file.read())
    return accepted, refused


def zip_with_good_picture(name: str, content: bytes = GOOD) -> bytes:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr(name, content)
        archive.writestr("good.png", GOOD)

    return zipped(fill)


def directory_entry(name: bytes, *, offset: int, packed: int, size: int, crc: int) -> bytes:
    numbers = (20, 20, 0, 8, 0, 0, crc, packed, size, len(name), 0, 0, 0, 0, 0, offset)
    return _CENTRAL + struct.pack("<4B4HL2L5H2L", *numbers[:2], 0, 0, *numbers[2:6], *numbers[6:]) + name


def with_directory(files: bytes, entries: list[bytes]) -> bytes:
    """Return an archive with the given directory entries."""
    directory = b"".join(entries)
    count = min(len(entries), 0xFFFF)
    return files + directory + _END + struct.pack("<4H2LH", 0, 0, count, count, len(directory), len(files), 0)


@pytest.mark.parametrize(
    "name", ["/etc/top.png", "../up.png", "a/../../up.png", "C:/drive.png", "..\\up.png", "\\\\server\\up.png"]
)
def test_path_traversal_is_refused_and_other_entries_accepted(name: str) -> None:
    accepted, refused = read(zip_with_good_picture(name))
    assert accepted == [GOOD]
    assert "leads out" in refused[name.replace("\\", "/")]


def test_a_name_with_a_nul_is_refused() -> None:
    content = zip_with_good_picture("seem.png?.exe").replace(b"seem.png?.exe", b"seem.png\x00.exe")
    accepted, refused = read(content)
    assert accepted == [GOOD]
    assert "character that isn't allowed" in refused["seem.png\0.exe"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_special_files_are_refused(kind: int) -> None:
    special = zipfile.ZipInfo("special.png")
    special.external_attr = (kind | 0o777) << 16

    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr(special, "/etc/passwd")
        archive.writestr("good.png", GOOD)

    accepted, refused = read(zipped(fill))
    assert accepted == [GOOD]
    assert "link" in refused["special.png"]


def test_an_encrypted_entry_is_refused() -> None:
    content = bytearray(zip_with_good_picture("secret.png"))
    for signature, offset in ((_LOCAL, 6), (_CENTRAL, 8)):
        content[content.index(signature) + offset] |= 1
    accepted, refused = read(bytes(content))
    assert accepted == [GOOD]
    assert "encrypted" in refused["secret.png"]


def test_nested_archives_are_not_opened() -> None:
    inner = zipped(lambda archive: archive.writestr("a.png", GOOD))
    accepted, refused = read(zip_with_good_picture("innocent.png", inner))
    assert accepted == [GOOD]
    assert "inside the ZIP file" in refused["innocent.png"]


@pytest.mark.parametrize("claim", [1000, 2**20 - 1, 0xFFFFFFF0])
def test_false_size_does_not_bypass_the_limit(claim: int) -> None:
    content = bytearray(zip_with_good_picture("bomb.png", bytes(32 * 2**20)))
    for signature, offset in ((_LOCAL, 22), (_CENTRAL, 24)):
        start = content.index(signature) + offset
        content[start : start + 4] = struct.pack("<L", claim)
    accepted, refused = read(bytes(content))
    assert accepted == [GOOD]
    assert refused["bomb.png"] in ("This file is too large.", "This file is damaged.")


def test_overlapping_entries_are_refused() -> None:
    """A bomb of overlapping entries: the data of each file begins with the quoted header of the next one."""
    kernel = zipped(lambda archive: archive.writestr("b", bytes(2**16)))
    with zipfile.ZipFile(io.BytesIO(kernel)) as archive:
        (inner,) = archive.infolist()
    inner_local = kernel[: kernel.index(_CENTRAL)]
    quote = b"\x00" + struct.pack("<HH", 31, 31 ^ 0xFFFF)  # one stored block that holds the next local header
    packed = len(quote) + len(inner_local)
    outer = _LOCAL + struct.pack("<5H3L2H", 20, 0, 8, 0, 0, 0, packed, 31 + 2**16, 1, 0) + b"a" + quote
    entries = [
        directory_entry(b"a", offset=0, packed=packed, size=31 + 2**16, crc=0),
        directory_entry(b"b", offset=len(outer), packed=inner.compress_size, size=2**16, crc=inner.CRC),
    ]
    accepted, refused = read(with_directory(outer + inner_local, entries))
    assert accepted == []
    assert all("overlaps another one" in sentence for sentence in refused.values())
    assert set(refused) == {"a", "b"}


def test_file_listed_a_thousand_times_is_refused() -> None:
    content = zipped(lambda archive: archive.writestr("a.png", GOOD))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (info,) = archive.infolist()
    entry = directory_entry(b"a.png", offset=0, packed=info.compress_size, size=info.file_size, crc=info.CRC)
    refused = [each.rejection for each in read_archive(io.BytesIO(replace_directory(content, [entry] * 1000)), LIMITS)]
    assert len(refused) == 1000
    assert all(refused)


def replace_directory(content: bytes, entries: list[bytes]) -> bytes:
    return with_directory(content[: content.index(_CENTRAL)], entries)


def test_oversized_directory_is_not_read() -> None:
    entry = directory_entry(b"a.png", offset=0, packed=1, size=1, crc=0)
    accepted, refused = read(
        replace_directory(zipped(lambda archive: archive.writestr("a.png", GOOD)), [entry] * 20_000)
    )
    assert accepted == []
    assert refused == {"": "A ZIP file has at most 50 pictures."}


def test_entries_over_the_limit_are_refused_one_by_one() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(60):
            archive.writestr(f"{number}.txt", "x")

    accepted, refused = read(zipped(fill))
    assert len(accepted) == 50
    assert set(refused.values()) == {"A ZIP file has at most 50 pictures."}
    assert len(refused) == 10


def test_total_size_limit_ends_the_unpacking() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(12):
            archive.writestr(f"{number}.bin", random.Random(number).randbytes(2**20))

    accepted, refused = read(zipped(fill))
    assert len(accepted) == 7
    assert set(refused.values()) == {"The ZIP file is too large. Split it into several."}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_with_one_name_are_both_read() -> None:
    accepted, refused = read(zip_with_good_picture("good.png", picture_bytes("red")))
    assert accepted == [picture_bytes("red"), GOOD]
    assert refused == {}


def test_wrong_checksum_is_damage_and_other_entries_are_accepted() -> None:
    content = bytearray(zip_with_good_picture("bad.png"))
    for signature, offset in ((_LOCAL, 14), (_CENTRAL, 16)):
        content[content.index(signature) + offset] ^= 0xFF
    assert read(bytes(content)) == ([GOOD], {"bad.png": "This file is damaged."})


@pytest.mark.parametrize("cut", [1, 10, 30, 60, 100])
def test_truncated_directory_is_reported(cut: int) -> None:
    content = zip_with_good_picture("a.png")[:-cut]
    assert is_archive(io.BytesIO(content))
    accepted, refused = read(content)
    assert accepted == []
    assert "list of contents" in refused[""]


def test_picture_with_an_appended_archive_is_a_picture() -> None:
    assert not is_archive(io.BytesIO(GOOD + zip_with_good_picture("a.png")))


def test_unknown_compression_method_is_refused() -> None:
    content = zipped(lambda archive: archive.writestr("a.png", GOOD), zipfile.ZIP_LZMA)
    assert "unsupported compression" in read(content)[1]["a.png"]


@pytest.mark.parametrize("seed", range(300))
def test_arbitrary_bytes_raise_nothing(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(zip_with_good_picture("a.png", picture_bytes("red")))
    interesting = [content.index(_CENTRAL), content.index(_END), 0]
    for _ in range(chance.randint(1, 8)):
        start = chance.choice(interesting)
        content[min(len(content) - 1, start + chance.randrange(60))] = chance.choice(
            (0, 1, 0x7F, 0xFF, chance.randrange(256))
        )
    accepted, refused = read(bytes(content))
    assert set(accepted) <= {GOOD, picture_bytes("red")}
    assert all(sentence.endswith(".") for sentence in refused.values())


def refuse_whole(content: bytes) -> str:
    with pytest.raises(InvalidArchive) as refused:
        count_entries(io.BytesIO(content), LIMITS)
    return str(refused.value)


def test_very_many_entries_are_too_many_and_not_damage() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(70_000):
            archive.writestr(f"{number}.png", b"")

    assert refuse_whole(zipped(fill, zipfile.ZIP_STORED)) == "A ZIP file has at most 50 pictures."


def test_archive_without_files_is_refused() -> None:
    assert refuse_whole(zipped(lambda archive: None)) == "The ZIP file contains no pictures."
    assert "no pictures" in refuse_whole(zipped(lambda archive: archive.writestr("__MACOSX/._a", "x")))


def test_parts_of_an_archive_are_named_so() -> None:
    content = bytearray(zip_with_good_picture("a.png"))
    assert "several parts" in refuse_whole(b"PK\x07\x08" + bytes(content)[:80])
    start = content.index(_CENTRAL) + 34
    content[start : start + 2] = (1).to_bytes(2, "little")
    assert "several parts" in refuse_whole(bytes(content))


def test_program_that_unpacks_itself_is_an_archive() -> None:
    content = b"MZ" + bytes(3000) + zip_with_good_picture("a.png")
    assert is_archive(io.BytesIO(content))
    assert len(read(content)[0]) == 2


def test_archive_with_a_comment_and_zip64_sizes_is_read() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.comment = b"made by a camera"
        with archive.open(zipfile.ZipInfo("a.png"), "w", force_zip64=True) as target:
            target.write(GOOD)

    assert read(zipped(fill)) == ([GOOD], {})


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_named_unsupported(method: int) -> None:
    content = zipped(lambda archive: archive.writestr("a.png", GOOD), method)
    assert "unsupported compression" in read(content)[1]["a.png"]


@pytest.mark.parametrize("number", [9, 93, 99])
def test_unknown_method_numbers_are_named_unsupported(number: int) -> None:
    content = bytearray(zip_with_good_picture("a.png"))
    for signature, offset in ((_LOCAL, 8), (_CENTRAL, 10)):
        start = content.index(signature) + offset
        content[start : start + 2] = number.to_bytes(2, "little")
    accepted, refused = read(bytes(content))
    assert accepted == [GOOD]
    assert "unsupported compression" in refused["a.png"]


def test_names_that_differ_by_case_alone_are_both_read() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("A.png", GOOD)
        archive.writestr("a.PNG", picture_bytes("red"))

    assert read(zipped(fill)) == ([GOOD, picture_bytes("red")], {})


def test_reading_continues_where_it_ended() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(4):
            archive.writestr(f"{number}.png", picture_bytes((number, 1, 1)))

    content = zipped(fill)
    ends = [entry.end for entry in read_archive(io.BytesIO(content), LIMITS)]
    rest = list(read_archive(io.BytesIO(content), LIMITS, start=ends[1]))
    assert [entry.name for entry in rest] == ["2.png", "3.png"]
    assert rest[-1].end == ends[-1]
