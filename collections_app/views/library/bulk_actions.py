"""What is done to many chosen pictures at once: each is checked in SQL, what one may not do is left alone and said."""

from collections import defaultdict
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from collections_app.errors import ImageSearchError
from collections_app.forms import MAX_TAGS, NewTagsForm
from collections_app.messages import counted, in_words
from collections_app.models import Collection, Image
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.services.library.collections import set_tags, tag_images
from collections_app.services.library.moving import move_images
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.library.zip_download import stream_zip
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import answer
from collections_app.views.library.trash import chosen_ids

UNDO = "undo"
_TRASHED = ngettext_lazy("%(number)s picture put into the trash.", "%(number)s pictures put into the trash.", "count")
_MOVED = ngettext_lazy(
    "%(number)s picture moved to “%(target)s”.", "%(number)s pictures moved to “%(target)s”.", "count"
)
_TAGGED = ngettext_lazy("%(number)s picture tagged.", "%(number)s pictures tagged.", "count")
_UNDONE = ngettext_lazy("Undone for %(number)s picture.", "Undone for %(number)s pictures.", "count")
_NOT_EDITED = ngettext_lazy(
    "%(number)s left alone: you may only look at it.", "%(number)s left alone: you may only look at them.", "count"
)
_NOT_TAGGED = ngettext_lazy(
    "%(number)s left alone: it had these tags, has too many, or you may only look at it.",
    "%(number)s left alone: they had these tags, have too many, or you may only look at them.",
    "count",
)


@require_POST
def selection_trash(request: SignedInRequest) -> HttpResponse:
    chosen = _chosen(request)
    ids = list(chosen.filter(pk__in=Image.objects.editable_by(request.user)).values_list("pk", flat=True))
    count = trash_images(images=Image.objects.filter(pk__in=ids), trasher=request.user)
    request.session[UNDO] = {"restore": ids}
    _say(request, count, chosen.count() + count, counted(_TRASHED, count))
    return _back(request)


@require_POST
def selection_move(request: SignedInRequest) -> HttpResponse:
    """Only members who edit may take pictures out of a collection; the target may be one they edit by a share."""
    target = _collection(request, "target")
    if target is None:
        messages.error(request, _("Choose where the pictures shall go."))
        return _back(request)
    chosen = _chosen(request).exclude(collection=target)
    asked = chosen.count()
    movable = chosen.filter(collection__in=Collection.objects.managed_by(request.user))
    origins = dict(movable.values_list("pk", "collection_id"))
    if not _move(request, list(origins), target):
        return _back(request)
    request.session[UNDO] = {"move": origins}
    _say(request, len(origins), asked, counted(_MOVED, len(origins), target=target))
    return _back(request)


@require_POST
def selection_tag(request: SignedInRequest) -> HttpResponse:
    form = NewTagsForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form["tags"].errors)))
        return _back(request)
    chosen = _chosen(request)
    asked = chosen.count()
    editable = Image.objects.filter(pk__in=chosen.filter(pk__in=Image.objects.editable_by(request.user)))
    before = tag_images(images=editable, tags=form.cleaned_data["tags"], most=MAX_TAGS)
    request.session[UNDO] = {"tags": before}
    _say(request, len(before), asked, counted(_TAGGED, len(before)), alone=_NOT_TAGGED)
    return _back(request)


@require_POST
def selection_download(request: SignedInRequest) -> HttpResponseBase:
    ids = list(_chosen(request).latest_first().values_list("pk", flat=True))
    if not ids:
        messages.warning(request, _("Choose the pictures first."))
        return _back(request)
    answer = StreamingHttpResponse(stream_zip(image_ids=ids, user=request.user), content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="pictures.zip"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
def selection_undo(request: SignedInRequest) -> HttpResponse:
    """Take back one's last action of this kind, as far as one still may."""
    last = request.session.pop(UNDO, {})
    count = 0
    if ids := last.get("restore"):
        count = restore_images(images=Image.objects.in_trash_of(request.user).filter(pk__in=ids))
    if tags := last.get("tags"):
        by_id = {int(image_id): before for image_id, before in tags.items()}
        count = set_tags(images=Image.objects.editable_by(request.user), tags=by_id)
    for origin, group in _by_origin(last.get("move", {})).items():
        target = Collection.objects.editable_by(request.user).filter(pk=origin).first()
        movable = Image.objects.not_trashed().filter(
            collection__in=Collection.objects.managed_by(request.user), pk__in=group
        )
        ids = list(movable.values_list("pk", flat=True))
        count += len(ids) if target and _move(request, ids, target) else 0
    messages.success(request, counted(_UNDONE, count))
    return redirect(last["back"]) if "back" in last else _back(request)


def _chosen(request: SignedInRequest) -> ImageQuerySet:
    """The pictures a form names one by one, or all that its search finds, or all of the collection it names."""
    visible = Image.objects.visible_to(request.user)
    if "all" in request.POST and request.POST.get("q"):
        return visible.filter(pk__in=_found(request))
    if "all" in request.POST and (collection := _collection(request, "collection", editable=False)):
        return visible.filter(collection=collection)
    return visible.filter(pk__in=chosen_ids(request))


def _found(request: SignedInRequest) -> list[int]:
    """A search that fails chooses nothing, and says why."""
    try:
        question = parse_search_request(user=request.user, asked=request.POST)
        divider = NO_CUTOFFS if request.POST.get("show") == "all" else None
        return [each.id for each in answer(question, divider=divider).ranked]
    except ImageSearchError as error:
        messages.error(request, in_words(error))
        return []


def _collection(request: SignedInRequest, field: str, *, editable: bool = True) -> Collection | None:
    sent = request.POST.get(field, "")
    if not sent.isdecimal() or len(sent) > 18:
        return None
    allowed = Collection.objects.editable_by(request.user) if editable else Collection.objects.visible_to(request.user)
    return allowed.filter(pk=int(sent)).first()


def _move(request: SignedInRequest, ids: list[int], target: Collection) -> bool:
    try:
        move_images(images=Image.objects.filter(pk__in=ids), target=target)
    except ImageSearchError as error:
        messages.error(request, in_words(error))
        return False
    return True


def _by_origin(origins: dict[str, int]) -> dict[int, list[int]]:
    """The session has turned the ids into text."""
    groups: dict[int, list[int]] = defaultdict(list)
    for image_id, origin in origins.items():
        groups[origin].append(int(image_id))
    return groups


def _say(request: SignedInRequest, done: int, asked: int, what: str, *, alone: Promise = _NOT_EDITED) -> None:
    if done:
        messages.success(request, what, extra_tags="undo")
    if asked > done:
        messages.warning(request, counted(alone, asked - done))
    elif not done:
        messages.warning(request, _("Choose the pictures first."))


def _back(request: SignedInRequest) -> HttpResponse:
    if request.POST.get("q"):
        asked = {name: request.POST[name] for name in ("q", "collection", "team") if name in request.POST}
        return redirect(f"{reverse('search')}?{urlencode(asked)}")
    collection = _collection(request, "collection", editable=False)
    return redirect("collection", collection.pk) if collection else redirect("gallery")
