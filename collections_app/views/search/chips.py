"""The parts of a query as they stand under the search box: each can be removed, and weighted, by a plain link."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from collections_app.models import Example, Image
from collections_app.services.search.query import Item, Part
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.search_urls import search_address

_WEIGHTS = (0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """`remove`, `stronger`, `weaker` and `opposite` are addresses, empty where that is not possible."""

    text: str
    remove: str
    is_negative: bool = False
    weight: str = ""
    thumbnail: str = ""
    stronger: str = ""
    weaker: str = ""
    opposite: str = ""


def chips_of(question: SearchRequest) -> list[Chip]:
    return [_chip(question, item) for item in question.query.items]


def _chip(question: SearchRequest, item: Item) -> Chip:
    remove = search_address(question, question.query.without(item))
    if not isinstance(item, Part):
        return Chip(text=f"{item.key}: {item.value}", remove=remove, is_negative=item.is_negative)
    sign, size = (-1.0 if item.weight < 0 else 1.0), abs(item.weight)

    def reweighted(weight: float | None) -> str:
        return search_address(question, question.query.reweighted(item, weight)) if weight else ""

    text, thumbnail = _shown(question, item)
    return Chip(
        text=text,
        thumbnail=thumbnail,
        remove=remove,
        is_negative=item.weight < 0,
        weight=f"{size:g}\N{MULTIPLICATION SIGN}" if size != 1 else "",
        stronger=reweighted(next((sign * each for each in _WEIGHTS if each > size), None)),
        weaker=reweighted(next((sign * each for each in reversed(_WEIGHTS) if each < size), None)),
        opposite=reweighted(-item.weight),
    )


def _shown(question: SearchRequest, part: Part) -> tuple[str, str]:
    """Return what to call a part, and the address of its thumbnail if it has one."""
    if not part.is_example:
        return part.value, ""
    example = question.examples.get(part.value)
    if isinstance(example, Image):
        return example.name, reverse("image_thumbnail", args=[example.pk])
    if isinstance(example, Example):
        return _("Your example"), reverse("example_thumbnail", args=[example.token])
    return _("A picture that is gone"), ""
