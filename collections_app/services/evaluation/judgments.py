"""Relevance judgments: what people say of results, which models are evaluated by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collections_app.models import Image, RelevanceJudgment, Team, User
from collections_app.services.search.query import MAX_QUERY_LENGTH, clean_query


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuery:
    """A query of one person with their judgments of pictures that they may still see, by the picture's id."""

    person: User
    text: str
    judgments: Mapping[int, bool]


def normalize_query(text: str) -> str:
    """Return a query as judgments store it: in lower case, which can be longer, and cut to the size of the field."""
    return clean_query(text).lower()[:MAX_QUERY_LENGTH]


def record_judgment(*, user: User, image: Image, text: str, is_right: bool | None) -> None:
    """None removes the judgment."""
    query = normalize_query(text)
    if is_right is None:
        RelevanceJudgment.objects.filter(user=user, image=image, query=query).delete()
    else:
        RelevanceJudgment.objects.update_or_create(user=user, image=image, query=query, defaults={"is_right": is_right})


def get_judgments(*, user: User, text: str, images: Iterable[Image]) -> dict[int, bool]:
    """Return the user's judgments of the images for a query, by the image's id, in one statement."""
    ids = [image.pk for image in images]
    found = RelevanceJudgment.objects.filter(user=user, query=normalize_query(text), image__in=ids)
    return dict(found.values_list("image_id", "is_right"))


def list_judged_queries(*, team: Team | None = None) -> list[JudgedQuery]:
    """Return the judgments that count, by person and query; with a team, only those of its pictures."""
    judged = []
    for person in User.objects.filter(pk__in=RelevanceJudgment.objects.values("user")).order_by("pk"):
        counting = RelevanceJudgment.objects.by_user_on_visible_images(person)
        counting = counting.filter(image__collection__team=team) if team else counting
        by_query: dict[str, dict[int, bool]] = defaultdict(dict)
        rows = counting.order_by("query", "image").values_list("query", "image_id", "is_right")
        for text, image_id, is_right in rows:
            by_query[text][image_id] = is_right
        judged += [JudgedQuery(person=person, text=text, judgments=given) for text, given in by_query.items()]
    return judged
