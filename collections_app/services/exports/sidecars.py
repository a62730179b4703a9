"""XMP sidecars: what people entered about a picture, for other programs."""

import re
from collections.abc import Iterable
from datetime import datetime
from xml.etree import ElementTree

from collections_app.models import Image
from collections_app.services.exports.document import list_tags

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 cannot contain, even escaped.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Programs for photos show five stars; a favourite is a yes or no.
_FAVOURITE_STARS = "5"

for _prefix, _address in _NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _address)


def build_sidecar(image: Image, *, is_favourite: bool) -> bytes:
    """Return an XMP document. A favourite has a rating of five stars."""
    root = ElementTree.Element(_name("x", "xmpmeta"))
    rdf = ElementTree.SubElement(root, _name("rdf", "RDF"))
    facts = ElementTree.SubElement(rdf, _name("rdf", "Description"), {_name("rdf", "about"): ""})
    if image.title:
        _add_list(facts, _name("dc", "title"), "Alt", [image.title])
    if image.description:
        _add_list(facts, _name("dc", "description"), "Alt", [image.description])
    if tags := list_tags(image):
        _add_list(facts, _name("dc", "subject"), "Bag", tags)
    if date := format_taken_date(image):
        ElementTree.SubElement(facts, _name("exif", "DateTimeOriginal")).text = date
    if is_favourite:
        ElementTree.SubElement(facts, _name("xmp", "Rating")).text = _FAVOURITE_STARS
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def format_taken_date(image: Image) -> str:
    """Return the local date and time at the place, with the offset if it is known; the date alone if no more is."""
    taken_at: datetime | None = image.taken_at
    if taken_at is None:
        return ""
    if not image.has_taken_time:
        return taken_at.date().isoformat()
    offset = image.taken_offset_minutes
    if offset is None:
        return taken_at.isoformat()
    hours, minutes = divmod(abs(offset), 60)
    return f"{taken_at.isoformat()}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _name(prefix: str, name: str) -> str:
    return f"{{{_NAMESPACES[prefix]}}}{name}"


def _add_list(parent: ElementTree.Element, name: str, kind: str, texts: Iterable[str]) -> None:
    """Add a list. An "Alt" is a text in several languages, of which there is one."""
    items = ElementTree.SubElement(ElementTree.SubElement(parent, name), _name("rdf", kind))
    for text in texts:
        item = ElementTree.SubElement(items, _name("rdf", "li"), {_LANGUAGE: "x-default"} if kind == "Alt" else {})
        item.text = _NOT_IN_XML.sub("", text)
