"""The parts of a query as chips below the search box. Plain links remove each part and change its weight."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from collections_app.models import Example, Image
from collections_app.services.search.query import MAX_ITEMS, Item, Term
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.search_urls import get_search_url

_WEIGHTS = (0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """`remove`, `stronger`, `weaker` and `opposite` are addresses, empty where that is not possible.

    `example` is the term of an example that a search box shows as a picture, such as `-0.3:like:123`.
    """

    text: str
    remove: str
    is_negative: bool = False
    weight: str = ""
    thumbnail: str = ""
    example: str = ""
    stronger: str = ""
    weaker: str = ""
    opposite: str = ""


def build_chips(search: SearchRequest) -> list[Chip]:
    return [_build_chip(search, item) for item in search.query.items[:MAX_ITEMS]]


def _build_chip(search: SearchRequest, item: Item) -> Chip:
    remove = get_search_url(search, search.query.remove(item))
    if not isinstance(item, Term):
        return Chip(text=f"{item.key}: {item.value}", remove=remove, is_negative=item.is_negative)
    sign, size = (-1.0 if item.weight < 0 else 1.0), abs(item.weight)

    def get_reweighted_url(weight: float | None) -> str:
        return get_search_url(search, search.query.change_weight(item, weight)) if weight else ""

    text, thumbnail = _describe_term(search, item)
    return Chip(
        text=text,
        thumbnail=thumbnail,
        example=str(item) if item in search.shown_examples else "",
        remove=remove,
        is_negative=item.weight < 0,
        weight=f"{size:g}\N{MULTIPLICATION SIGN}" if size != 1 else "",
        stronger=get_reweighted_url(next((sign * each for each in _WEIGHTS if each > size), None)),
        weaker=get_reweighted_url(next((sign * each for each in reversed(_WEIGHTS) if each < size), None)),
        opposite=get_reweighted_url(-item.weight),
    )


def _describe_term(search: SearchRequest, term: Term) -> tuple[str, str]:
    """Return the text of a term, and the address of its thumbnail or ""."""
    if not term.is_example:
        return term.value, ""
    example = search.examples.get(term.value)
    if isinstance(example, Image):
        return example.name, reverse("image_thumbnail", args=[example.pk])
    if isinstance(example, Example):
        return _("Your picture"), reverse("example_thumbnail", args=[example.token])
    return _("Missing picture"), ""
