"""Hostile zips: each entry is refused with a sentence, good ones are kept, and nothing is ever raised."""

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from collections_app.services.uploads.zip_reader import ArchiveLimits, is_archive, read_archive
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
    """Return what was unpacked, and why the rest was not."""
    kept, refused = [], {}
    for entry in read_archive(io.BytesIO(content), limits):
        if entry.file is None:
            refused[entry.name] = entry.refusal
        else:
            kept.append(entry.file.read())
    return kept, refused


def with_good_one(name: str, content: bytes = GOOD) -> bytes:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr(name, content)
        archive.writestr("good.png", GOOD)

    return zipped(fill)


def directory_entry(name: bytes, *, offset: int, packed: int, size: int, crc: int) -> bytes:
    numbers = (20, 20, 0, 8, 0, 0, crc, packed, size, len(name), 0, 0, 0, 0, 0, offset)
    return _CENTRAL + struct.pack("<4B4HL2L5H2L", *numbers[:2], 0, 0, *numbers[2:6], *numbers[6:]) + name


def with_directory(files: bytes, entries: list[bytes]) -> bytes:
    """An archive with a directory of one's own making."""
    directory = b"".join(entries)
    count = min(len(entries), 0xFFFF)
    return files + directory + _END + struct.pack("<4H2LH", 0, 0, count, count, len(directory), len(files), 0)


@pytest.mark.parametrize(
    "name", ["/etc/top.png", "../up.png", "a/../../up.png", "C:/drive.png", "a\\b.png", "..\\up.png"]
)
def test_a_name_that_leads_out_is_refused_and_its_neighbour_kept(name: str) -> None:
    kept, refused = read(with_good_one(name))
    assert kept == [GOOD]
    assert "leads out" in refused[name]


def test_a_name_with_a_nul_is_refused() -> None:
    content = with_good_one("seem.png?.exe").replace(b"seem.png?.exe", b"seem.png\x00.exe")
    kept, refused = read(content)
    assert kept == [GOOD]
    assert "leads out" in refused["seem.png"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_special_files_are_refused(kind: int) -> None:
    special = zipfile.ZipInfo("special.png")
    special.external_attr = (kind | 0o777) << 16

    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr(special, "/etc/passwd")
        archive.writestr("good.png", GOOD)

    kept, refused = read(zipped(fill))
    assert kept == [GOOD]
    assert "link" in refused["special.png"]


def test_an_encrypted_entry_is_refused() -> None:
    content = bytearray(with_good_one("secret.png"))
    for signature, offset in ((_LOCAL, 6), (_CENTRAL, 8)):
        content[content.index(signature) + offset] |= 1
    kept, refused = read(bytes(content))
    assert kept == [GOOD]
    assert "encrypted" in refused["secret.png"]


def test_archives_inside_archives_are_not_opened() -> None:
    inner = zipped(lambda archive: archive.writestr("a.png", GOOD))
    kept, refused = read(with_good_one("innocent.png", inner))
    assert kept == [GOOD]
    assert "inside the archive" in refused["innocent.png"]


@pytest.mark.parametrize("claim", [1000, 2**20 - 1, 0xFFFFFFF0])
def test_a_lie_about_the_size_helps_nobody(claim: int) -> None:
    content = bytearray(with_good_one("bomb.png", bytes(32 * 2**20)))
    for signature, offset in ((_LOCAL, 22), (_CENTRAL, 24)):
        start = content.index(signature) + offset
        content[start : start + 4] = struct.pack("<L", claim)
    kept, refused = read(bytes(content))
    assert kept == [GOOD]
    assert "larger" in refused["bomb.png"] or "damaged" in refused["bomb.png"]


def test_entries_that_quote_each_other_are_refused() -> None:
    """The bomb of overlapping entries: each file's data begins with the header of the next one, quoted."""
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
    kept, refused = read(with_directory(outer + inner_local, entries))
    assert kept == []
    assert all("shares its bytes" in sentence for sentence in refused.values())
    assert set(refused) == {"a", "b"}


def test_one_file_listed_a_thousand_times_is_unpacked_not_even_once() -> None:
    content = zipped(lambda archive: archive.writestr("a.png", GOOD))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (info,) = archive.infolist()
    entry = directory_entry(b"a.png", offset=0, packed=info.compress_size, size=info.file_size, crc=info.CRC)
    refused = [each.refusal for each in read_archive(io.BytesIO(listing(content, [entry] * 1000)), LIMITS)]
    assert len(refused) == 1000
    assert all(refused)


def listing(content: bytes, entries: list[bytes]) -> bytes:
    return with_directory(content[: content.index(_CENTRAL)], entries)


def test_a_directory_too_large_for_an_honest_archive_is_not_read() -> None:
    entry = directory_entry(b"a.png", offset=0, packed=1, size=1, crc=0)
    kept, refused = read(listing(zipped(lambda archive: archive.writestr("a.png", GOOD)), [entry] * 20_000))
    assert kept == []
    assert list(refused) == [""]
    assert "list of contents" in refused[""]


def test_more_entries_than_allowed_are_refused_one_by_one() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(60):
            archive.writestr(f"{number}.txt", "x")

    kept, refused = read(zipped(fill))
    assert len(kept) == 50
    assert set(refused.values()) == {"An archive has at most 50 pictures."}
    assert len(refused) == 10


def test_too_much_in_all_ends_the_unpacking() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(12):
            archive.writestr(f"{number}.bin", random.Random(number).randbytes(2**20))

    kept, refused = read(zipped(fill))
    assert len(kept) == 7
    assert set(refused.values()) == {"The archive holds too much. Split it into several."}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_two_files() -> None:
    kept, refused = read(with_good_one("good.png", picture_bytes("red")))
    assert kept == [picture_bytes("red"), GOOD]
    assert refused == {}


def test_a_wrong_checksum_is_damage_and_the_neighbour_is_kept() -> None:
    content = bytearray(with_good_one("bad.png"))
    for signature, offset in ((_LOCAL, 14), (_CENTRAL, 16)):
        content[content.index(signature) + offset] ^= 0xFF
    assert read(bytes(content)) == ([GOOD], {"bad.png": "It is damaged."})


@pytest.mark.parametrize("cut", [1, 10, 30, 60, 100])
def test_a_cut_off_directory_is_said(cut: int) -> None:
    content = with_good_one("a.png")[:-cut]
    assert is_archive(io.BytesIO(content))
    kept, refused = read(content)
    assert kept == []
    assert "list of contents" in refused[""]


def test_a_picture_with_an_archive_behind_it_is_a_picture() -> None:
    assert not is_archive(io.BytesIO(GOOD + with_good_one("a.png")))


def test_an_unknown_way_of_packing_is_refused() -> None:
    content = zipped(lambda archive: archive.writestr("a.png", GOOD), zipfile.ZIP_LZMA)
    assert "not supported" in read(content)[1]["a.png"]


@pytest.mark.parametrize("seed", range(300))
def test_nothing_is_raised_whatever_the_bytes_are(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(with_good_one("a.png", picture_bytes("red")))
    interesting = [content.index(_CENTRAL), content.index(_END), 0]
    for _ in range(chance.randint(1, 8)):
        start = chance.choice(interesting)
        content[min(len(content) - 1, start + chance.randrange(60))] = chance.choice(
            (0, 1, 0x7F, 0xFF, chance.randrange(256))
        )
    read(bytes(content))
