"""The accepted picture formats, and how to recognise them by a file's first bytes."""

from dataclasses import dataclass

HEAD_BYTES = 4096
RAW_WORD = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """An accepted format.

    `name` is stored in rows and shown on pages. `words` are what people may write after `format:`. `reader` is Pillow's
    name of the reader, empty if imaging/ reads the format itself. Browsers get the original of a format with
    `is_shown_by_browsers`, and a JPEG of any other. A format with `is_raw` is a camera's raw file, of which the largest
    embedded JPEG is used.
    """

    name: str
    extension: str
    content_type: str
    words: tuple[str, ...]
    reader: str = ""
    is_shown_by_browsers: bool = False
    is_raw: bool = False


def _make_web_format(name: str, extension: str, content_type: str, *words: str) -> PictureFormat:
    return PictureFormat(
        name=name,
        extension=extension,
        content_type=content_type,
        words=words,
        reader=name,
        is_shown_by_browsers=True,
    )


def _make_other_format(
    name: str, extension: str, content_type: str, *words: str, reader: str | None = None
) -> PictureFormat:
    return PictureFormat(
        name=name,
        extension=extension,
        content_type=content_type,
        words=words,
        reader=name if reader is None else reader,
    )


def _make_raw_format(word: str, content_type: str) -> PictureFormat:
    return PictureFormat(
        name=f"{word.upper()} raw",
        extension=f".{word}",
        content_type=content_type,
        words=(word, RAW_WORD),
        reader="JPEG",
        is_raw=True,
    )


JPEG = _make_web_format("JPEG", ".jpg", "image/jpeg", "jpg", "jpeg")
PNG = _make_web_format("PNG", ".png", "image/png", "png")
GIF = _make_web_format("GIF", ".gif", "image/gif", "gif")
WEBP = _make_web_format("WEBP", ".webp", "image/webp", "webp")
AVIF = _make_web_format("AVIF", ".avif", "image/avif", "avif")
BMP = _make_web_format("BMP", ".bmp", "image/bmp", "bmp")
ICO = _make_web_format("ICO", ".ico", "image/vnd.microsoft.icon", "ico")
HEIF = _make_other_format("HEIF", ".heic", "image/heic", "heic", "heif")
TIFF = _make_other_format("TIFF", ".tif", "image/tiff", "tif", "tiff")
JPEG2000 = _make_other_format("JPEG2000", ".jp2", "image/jp2", "jp2", "jpeg2000", "j2k", "jpf", "jpx")
PNM = _make_other_format("PNM", ".pnm", "image/x-portable-anymap", "pnm", "ppm", "pgm", "pbm", "pam", "pfm", reader="")
TGA = _make_other_format("TGA", ".tga", "image/x-tga", "tga")
PCX = _make_other_format("PCX", ".pcx", "image/x-pcx", "pcx")
PSD = _make_other_format("PSD", ".psd", "image/vnd.adobe.photoshop", "psd")
QOI = _make_other_format("QOI", ".qoi", "image/qoi", "qoi")
DDS = _make_other_format("DDS", ".dds", "image/vnd-ms.dds", "dds")

DNG = _make_raw_format("dng", "image/x-adobe-dng")
NEF = _make_raw_format("nef", "image/x-nikon-nef")
CR2 = _make_raw_format("cr2", "image/x-canon-cr2")
CR3 = _make_raw_format("cr3", "image/x-canon-cr3")
ARW = _make_raw_format("arw", "image/x-sony-arw")
PEF = _make_raw_format("pef", "image/x-pentax-pef")
SRW = _make_raw_format("srw", "image/x-samsung-srw")
HASSELBLAD_RAW = _make_raw_format("3fr", "image/x-hasselblad-3fr")
ORF = _make_raw_format("orf", "image/x-olympus-orf")
RW2 = _make_raw_format("rw2", "image/x-panasonic-rw2")
RAF = _make_raw_format("raf", "image/x-fuji-raf")
TIFF_RAW = PictureFormat(
    name="TIFF raw", extension=".raw", content_type="image/x-dcraw", words=(RAW_WORD,), reader="JPEG", is_raw=True
)

RAW_FORMATS = (DNG, NEF, CR2, CR3, ARW, PEF, SRW, HASSELBLAD_RAW, ORF, RW2, RAF, TIFF_RAW)
FORMATS = (
    *(JPEG, PNG, GIF, WEBP, AVIF, HEIF, TIFF, BMP, ICO),
    *(JPEG2000, PNM, TGA, PCX, PSD, QOI, DDS),
    *RAW_FORMATS,
)
# The name of a format, as in the database, to its content type.
CONTENT_TYPES = {each.name: each.content_type for each in FORMATS}
# The names of the formats whose originals browsers show.
SHOWN_BY_BROWSERS = frozenset(each.name for each in FORMATS if each.is_shown_by_browsers)
# Each word, in lower case, to the names of its formats: `raw` has several.
FORMATS_BY_WORD = {
    word: tuple(each.name for each in FORMATS if word in each.words) for each in FORMATS for word in each.words
}
# For the `accept` attribute of file inputs: endings that browsers do not count as pictures everywhere.
ACCEPTED_ENDINGS = tuple(dict.fromkeys(f".{word}" for each in FORMATS for word in each.words if word != RAW_WORD))

_MAGIC: tuple[tuple[bytes, PictureFormat], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II\x2a\x00", TIFF),
    (b"MM\x00\x2a", TIFF),
    (b"II\x2b\x00", TIFF),
    (b"MM\x00\x2b", TIFF),
    (b"\x00\x00\x01\x00", ICO),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51", JPEG2000),
    (b"8BPS", PSD),
    (b"qoif", QOI),
    (b"DDS ", DDS),
    (b"FUJIFILMCCD-RAW", RAF),
    (b"IIRO", ORF),
    (b"IIRS", ORF),
    (b"MMOR", ORF),
    (b"IIU\x00", RW2),
)
# ISO base media brands (ISO/IEC 23008-12). mif1 and msf1 only mean that there are pictures; the others give the kind.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_OPEN_BRANDS = {b"mif1", b"msf1", b"mif2", b"mif3", b"miaf", b"MiHE", b"MiHB", b"MiHA", b"1pic"}
# The possible sizes of the header after the file header. Without this check any text that begins with BM would pass.
_BMP_HEADER_BYTES = {12, 16, 40, 52, 56, 64, 108, 124}
# Targa files have no signature: the type of the picture to the bits of a pixel that it may have.
_TGA_DEPTHS = {1: {8}, 2: {16, 24, 32}, 3: {1, 8, 16}, 9: {8}, 10: {16, 24, 32}, 11: {8, 16}}
_TGA_PALETTE_DEPTHS = {15, 16, 24, 32}


def find_format(head: bytes) -> PictureFormat | None:
    """Return the format of a file, given its first HEAD_BYTES bytes; the file's name does not matter.

    A raw file that begins like a TIFF counts as a TIFF here; find_raw_format tells them apart.
    """
    for magic, picture_format in _MAGIC:
        if head.startswith(magic):
            return picture_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return BMP
    if head[4:8] == b"ftyp":
        return _find_base_media_format(head)
    return _find_unsigned_format(head)


def _find_base_media_format(head: bytes) -> PictureFormat | None:
    major = head[8:12]
    if major == b"crx ":
        return CR3
    if major in _AVIF_BRANDS:
        return AVIF
    if major in _HEIF_BRANDS:
        return HEIF
    if major not in _OPEN_BRANDS:
        return None
    box = head[16 : int.from_bytes(head[:4], "big")]
    compatible = {box[i : i + 4] for i in range(0, len(box), 4)}
    return AVIF if compatible & _AVIF_BRANDS else HEIF


def _find_unsigned_format(head: bytes) -> PictureFormat | None:
    """Recognise formats with a signature of one or two bytes, or none, by the fields of their headers."""
    if head[:1] == b"P" and head[1:2] in b"1234567fF" and head[2:3] in b" \t\r\n#":
        return PNM
    if head[:1] == b"\x0a" and head[1:2] in b"\x00\x02\x03\x05" and head[2:4] in {b"\x01\x01", b"\x01\x08"}:
        return PCX
    return TGA if _is_tga(head) else None


def _is_tga(head: bytes) -> bool:
    if len(head) < 18 or head[16] not in _TGA_DEPTHS.get(head[2], ()) or head[17] & 0xC0:
        return False
    has_palette = head[2] in (1, 9)
    if has_palette and (head[1] != 1 or head[7] not in _TGA_PALETTE_DEPTHS):
        return False
    if not has_palette and (head[1] > 1 or (head[1] == 0 and any(head[3:8]))):
        return False
    return any(head[12:14]) and any(head[14:16])
