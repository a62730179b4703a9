"""Pages of lists. A page of pictures begins at a picture, so the database finds the last page as fast as the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from collections_app.models import Image
from collections_app.models.collection import CollectionQuerySet
from collections_app.models.ids import parse_id, parse_uuid
from collections_app.models.image import ImageQuerySet
from collections_app.models.newest_images import list_newest_ids

PAGE_SIZE = 48
# Parameters of the address: the picture that a page follows or precedes.
FOLLOWS, PRECEDES = "after_id", "before_id"


def paginate(request: HttpRequest, items: Sequence[Any] | QuerySet[Any], *, size: int = PAGE_SIZE) -> Page[Any]:
    """Return the page that the request asks for; an invalid number gives the first or the last page.

    For short lists: a database counts all rows, and reads those of the pages before.
    """
    return Paginator(items, size).get_page(request.GET.get("page"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePage:
    """Some pictures in order. `newer` and `older` are ids for links to the pages before and after this one, or None.

    `follows` is the value of the picture that this page follows in the column that orders them, or None.
    """

    object_list: Sequence[Image]
    follows: datetime | str | None = None
    newer: object = None
    older: object = None

    def __iter__(self) -> Iterator[Image]:
        return iter(self.object_list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureList:
    """The images that are in the collections, newest first. `images` must not depend on the collections.

    `field` is the date that orders them, or with `is_ascending` a column whose lowest value comes first. `id_field`
    names a picture in addresses: public pages show no primary keys. A picture that was moved to the trash keeps its
    place if it is in the `restorable` collections, and one that was moved elsewhere if it is in the `visible` ones. For
    other people its place would tell its date.
    """

    images: ImageQuerySet
    collections: CollectionQuerySet
    field: str = "created_at"
    id_field: str = "pk"
    restorable: CollectionQuerySet | None = None
    visible: CollectionQuerySet | None = None
    is_ascending: bool = False

    def get_page(self, request: HttpRequest, *, start: datetime | None = None) -> PicturePage:
        """Return the page that the request asks for, or the first one if the request names no picture of the list.

        The first page begins with the newest picture, or with the newest one before `start`.
        """
        if place := self._find_place(request.GET.get(PRECEDES, "")):
            newer_ids = self._list_ids(place, is_backward=True)
            if len(newer_ids) > PAGE_SIZE:
                rows = self._read(newer_ids[:PAGE_SIZE])
                return PicturePage(object_list=rows, newer=self._get_id(rows[:1]), older=self._get_id(rows[-1:]))
        place = self._find_place(request.GET.get(FOLLOWS, ""))
        ids = self._list_ids(place) if place else []
        follows = place[0] if place and ids else None
        is_first = not ids
        if not ids and start:
            ids = self._list_ids((start, 0))
            is_first = not ids or not self._list_ids((start, 0), is_backward=True)
        ids = ids or self._list_ids()
        rows = self._read(ids[:PAGE_SIZE])
        return PicturePage(
            object_list=rows,
            follows=follows,
            newer=None if is_first else self._get_id(rows[:1]),
            older=self._get_id(rows[-1:]) if len(ids) > PAGE_SIZE else None,
        )

    def get_first(self, count: int) -> list[Image]:
        return self._read(list_newest_ids(self.images, self.collections, field=self.field, limit=count))

    def _find_place(self, sent: str) -> tuple[datetime | str, int] | None:
        """Return the value and the key of the picture with this id, if the person may see it."""
        value = parse_uuid(sent) if self.id_field == "public_id" else parse_id(sent)
        if value is None:
            return None
        images = self.images
        if self.restorable is not None:
            images |= Image.objects.trashed().filter(collection__in=self.restorable)
        places = self.collections if self.visible is None else self.visible
        named = images.filter(collection__in=places, **{self.id_field: value})
        return next(iter(named.values_list(self.field, "pk")), None)

    def _list_ids(self, place: tuple[datetime | str, int] | None = None, *, is_backward: bool = False) -> list[int]:
        """Return the ids of the pictures beyond the place: one more than a page shows, if there are as many."""
        is_upward = is_backward != self.is_ascending
        images = self.images.beyond(self.field, *place, is_newer=is_upward) if place else self.images
        return list_newest_ids(images, self.collections, field=self.field, limit=PAGE_SIZE + 1, is_oldest=is_upward)

    def _read(self, ids: Sequence[int]) -> list[Image]:
        rows = self.images.filter(collection__in=self.collections).among(ids).with_collection()
        sign = "" if self.is_ascending else "-"
        return list(rows.order_by(f"{sign}{self.field}", f"{sign}pk"))

    def _get_id(self, rows: Sequence[Image]) -> object:
        return getattr(rows[0], self.id_field) if rows else None
