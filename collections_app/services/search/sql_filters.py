"""The conditions of a search, asked of the database instead of the index: where nothing is compared, and for names."""

from datetime import UTC, datetime
from itertools import islice

from django.db.models import F, Q

from collections_app.index import Filters
from collections_app.models.image import ImageQuerySet

_SHAPES = {
    "portrait": Q(height__gt=F("width")),
    "landscape": Q(width__gt=F("height")),
    "square": Q(width=F("height")),
}


def apply_filters(images: ImageQuerySet, filters: Filters, *, limit: int) -> ImageQuerySet:
    """Return the first of these, in their order, that meet the same conditions that the index would apply."""
    condition = Q()
    if filters.uploader_ids:
        condition &= Q(uploader__in=filters.uploader_ids)
    if filters.formats:
        condition &= Q(format__in=filters.formats)
    if filters.min_edge_px:
        condition &= Q(width__gte=filters.min_edge_px) | Q(height__gte=filters.min_edge_px)
    if filters.shapes:
        either = Q()
        for shape in filters.shapes:
            either |= _SHAPES[shape]
        condition &= either
    found = images.filter(condition & _times(filters))
    return _tagged(found, filters, limit) if filters.tags or filters.without_tags else found[:limit]


def _times(filters: Filters) -> Q:
    bounds = {
        "taken_at__gte": filters.taken_from,
        "taken_at__lt": filters.taken_before,
        "created_at__gte": filters.created_from,
        "created_at__lt": filters.created_before,
    }
    return Q(**{name: datetime.fromtimestamp(bound, UTC) for name, bound in bounds.items() if bound is not None})


def _tagged(images: ImageQuerySet, filters: Filters, limit: int) -> ImageQuerySet:
    """Without regard to case in any alphabet, which no database does alike: the tags are compared here."""
    wanted = {tag.casefold() for tag in filters.tags}
    unwanted = {tag.casefold() for tag in filters.without_tags}
    folded = ((pk, {str(tag).casefold() for tag in tags}) for pk, tags in images.values_list("pk", "tags").iterator())
    ids = (pk for pk, tags in folded if wanted <= tags and not unwanted & tags)
    return images.filter(pk__in=list(islice(ids, limit)))
