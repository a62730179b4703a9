"""Marking hits as right or wrong: what models are judged by."""

from collections.abc import Iterable

from collections_app.models import Image, RelevanceJudgment, User
from collections_app.services.search.retrieval import MAX_QUERY_LENGTH, clean_query


def marked_query(text: str) -> str:
    """Return a query as marks name it: models do not tell small letters from capital ones."""
    return clean_query(text).lower()[:MAX_QUERY_LENGTH]


def mark_image(*, user: User, image: Image, text: str, is_right: bool | None) -> None:
    """None takes the mark back."""
    query = marked_query(text)
    if is_right is None:
        RelevanceJudgment.objects.filter(user=user, image=image, query=query).delete()
    else:
        RelevanceJudgment.objects.update_or_create(user=user, image=image, query=query, defaults={"is_right": is_right})


def marks_on(*, user: User, text: str, images: Iterable[Image]) -> dict[int, bool]:
    """Return the user's marks for a query on those images that have one, in one statement."""
    marks = RelevanceJudgment.objects.filter(
        user=user, query=marked_query(text), image__in=[image.pk for image in images]
    )
    return dict(marks.values_list("image_id", "is_right"))
