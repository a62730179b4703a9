"""The search page: a sentence in, pictures out. A failure says so with status 503; it is never an empty result."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.access import SignedInRequest, signed_in
from collections_app.errors import EncoderError, IndexUnavailable
from collections_app.models import Collection, Image
from collections_app.models.image import ImageQuerySet
from collections_app.services.search import clean_query, search_by_text
from collections_app.views.paging import requested_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: of `collection`, if one is chosen; `is_lost` where the chosen one is not there for this person."""

    text: str
    collections: list[Collection]
    collection: Collection | None
    is_lost: bool


@require_safe
@signed_in
def search(request: SignedInRequest) -> HttpResponse:
    question = _read_question(request)
    context: dict[str, object] = {"question": question}
    try:
        if question.text:
            found = search_by_text(user=request.user, text=question.text, collection=question.collection)
            context["page"] = requested_page(request, found)
        else:
            context["page"] = requested_page(request, _latest(request, question.collection))
    except (EncoderError, IndexUnavailable) as error:
        return render(request, "search.html", {**context, "failure": str(error)}, status=503)
    return render(request, "search.html", context)


def _read_question(request: SignedInRequest) -> Question:
    asked = request.GET.get("collection", "")
    collections = list(Collection.objects.visible_to(request.user).select_related("team"))
    chosen = next((each for each in collections if str(each.pk) == asked), None)
    return Question(
        text=clean_query(request.GET.get("q", "")),
        collections=collections,
        collection=chosen,
        is_lost=bool(asked) and chosen is None,
    )


def _latest(request: SignedInRequest, collection: Collection | None) -> ImageQuerySet:
    images = Image.objects.visible_to(request.user).with_collection().latest_first()
    return images.filter(collection=collection) if collection else images
