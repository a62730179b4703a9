"""The timeline: pictures under the headings of their months, and the months that have pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh

from collections_app.models import Collection, Image, ImageMonth
from collections_app.models.collection import CollectionQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.views.paging import FOLLOWS, PRECEDES, PictureList, PicturePage

_MONTH, _SORT = "month", "sort"
# The id of the element that a further page replaces. htmx sends it.
_MORE = "timeline-more"
_TAKEN, _TITLE = "taken", "title"
_FIELDS = {_TAKEN: "timeline_at", "added": "created_at", _TITLE: "sort_name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthGroup:
    """Pictures of one month. `month` is its first day, or None if they have no heading."""

    month: date | None
    images: Sequence[Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One page of pictures. `months` are the first days of all months with pictures, the latest first.

    `is_in_collection`: all pictures are in one collection, so tiles do not name it. `is_continued`: htmx loads the page
    below an earlier one. `is_start`: the page begins with the first picture.
    """

    address: str
    page: PicturePage
    groups: Sequence[MonthGroup]
    months: Sequence[date]
    sort: str
    is_continued: bool
    is_start: bool
    is_in_collection: bool


def build_timeline(
    request: SignedInRequest, collections: CollectionQuerySet, *, is_in_collection: bool = False
) -> Timeline:
    """Return the page of the timeline that the request asks for. Pass only collections that the person may see."""
    sort = request.GET.get(_SORT, _TAKEN)
    sort = sort if sort in _FIELDS else _TAKEN
    is_continued = bool(request.htmx) and request.htmx.target == _MORE
    pictures = PictureList(
        images=Image.objects.not_trashed(),
        collections=collections,
        restorable=Collection.objects.restorable_by(request.user),
        visible=Collection.objects.visible_to(request.user),
        field=_FIELDS[sort],
        is_ascending=sort == _TITLE,
    )
    is_by_month = sort == _TAKEN
    start = _parse_end_of_month(request.GET.get(_MONTH, "")) if is_by_month else None
    page = pictures.get_page(request, start=start)
    groups = _group_by_month(page, is_continued) if is_by_month else [MonthGroup(month=None, images=page.object_list)]
    months = ImageMonth.objects.not_trashed().in_collections(collections)
    return Timeline(
        address=request.path,
        page=page,
        groups=list(groups),
        months=months.list_months() if is_by_month and not is_continued else (),
        sort=sort,
        is_continued=is_continued,
        is_start=not request.GET.keys() & {FOLLOWS, PRECEDES, _MONTH},
        is_in_collection=is_in_collection,
    )


def render_further_page(request: SignedInRequest, timeline: Timeline) -> HttpResponse:
    """Answer htmx, which loads more pictures as the person scrolls.

    If the last picture is gone, or no picture follows it any more, the page is loaded again: it would repeat pictures.
    """
    if timeline.page.follows is None:
        return HttpResponseClientRefresh()
    return render(request, "partials/_timeline_page.html", {"timeline": timeline})


def _group_by_month(page: PicturePage, is_continued: bool) -> Iterator[MonthGroup]:
    """A page that continues another one begins without a heading if its first picture is of the same month."""
    shown = page.follows if is_continued and isinstance(page.follows, datetime) else None
    for month, images in groupby(page, key=lambda image: image.timeline_at.date().replace(day=1)):
        is_shown = shown is not None and (shown.year, shown.month) == (month.year, month.month)
        yield MonthGroup(month=None if is_shown else month, images=list(images))


def _parse_end_of_month(text: str) -> datetime | None:
    """Return the end of a month like "2024-05": the beginning of the next one. None for any other text."""
    try:
        first = datetime.strptime(text, "%Y-%m")
        return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    except ValueError:
        return None
