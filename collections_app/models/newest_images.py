"""The newest images of many collections, read without sorting all their images.

An index on (collection, date, id) gives the newest images of one collection; other columns than dates work in the same
way. Several collections take two steps:

1. Read the newest image of each, and keep the `limit` collections whose image is the newest.
2. Read the `limit` newest images of each of these, and sort them.

The work grows with the number of collections and of wanted images, not with the number of images.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models.expressions import RawSQL

from collections_app.models.collection import CollectionQuerySet
from collections_app.models.image import ImageQuerySet

# SQLite has no LATERAL. PostgreSQL would compare every image with the ids.
_JOINS = {
    "postgresql": "CROSS JOIN LATERAL ({images}) AS image",
    "sqlite": "CROSS JOIN collections_app_image AS image ON image.id IN (SELECT id FROM ({images}))",
}


def list_newest_ids(
    images: ImageQuerySet, collections: CollectionQuerySet, *, field: str, limit: int, is_oldest: bool = False
) -> list[int]:
    """Return the ids of the `limit` newest images of the collections, in the order of -`field`, -pk.

    With `is_oldest`, return the oldest ones, in the opposite order. `images` must not depend on the collections.
    """
    sign, direction = ("", "ASC") if is_oldest else ("-", "DESC")
    ordered = images.filter(collection=RawSQL("place.collection_id", ())).order_by(f"{sign}{field}", f"{sign}pk")

    def join_images(columns: str, places: str, count: int) -> tuple[str, Sequence[Any]]:
        found, values = ordered.values("id", "collection_id", field)[:count].query.sql_with_params()
        join = _JOINS[connection.vendor].format(images=found)
        order = f"image.{field} {direction}, image.id {direction}"
        return f"SELECT {columns} FROM ({places}) AS place {join} ORDER BY {order} LIMIT {limit:d}", values  # noqa: S608

    try:
        given, given_values = collections.order_by().values("id").query.sql_with_params()
        places = f"SELECT id AS collection_id FROM ({given}) AS given"  # noqa: S608
        firsts, first_values = join_images("image.collection_id", places, 1)
    except EmptyResultSet:  # Django sees that a condition matches nothing
        return []
    found, values = join_images("image.id", firsts, limit)
    with connection.cursor() as cursor:
        cursor.execute(found, [*given_values, *first_values, *values])
        return [pk for (pk,) in cursor.fetchall()]
