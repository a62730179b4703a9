"""The newest images of many collections, read without sorting all images of these collections.

An index on (collection, date, id) gives the newest images of one collection. The newest of several are merged: of each
collection the newest image is read, and of the collections with the newest of these as many images as are wanted. The
work depends on the number of collections and on the number of wanted images, not on how many images there are.
"""

from collections_app.models.collection import CollectionQuerySet
from collections_app.models.image import Image, ImageQuerySet
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.expressions import RawSQL

# PostgreSQL would compare each image with each list of ids; SQLite has no LATERAL.
_JOINS = {
    "postgresql": "CROSS JOIN LATERAL ({images}) AS image",
    "sqlite": "CROSS JOIN collections_app_image AS image ON image.id IN (SELECT id FROM ({images}))",
}


def list_newest_ids(
    images: ImageQuerySet, collections: CollectionQuerySet, *, field: str, limit: int, is_oldest: bool = False
) -> list[int]:
    """Return the ids of the first `limit` of the images that are in the collections, by -`field`, -pk.

    With `is_oldest`, return those of the last ones, the last first. `images` must not depend on the collections.
    """
    order = [field, "pk"] if is_oldest else [f"-{field}", "-pk"]
    first = images.filter(collection=OuterRef("pk")).order_by(*order).values("pk")[:1]
    firsts = Image.objects.filter(pk__in=collections.order_by().values(first=Subquery(first)))
    of_one = images.filter(collection=RawSQL("place.collection_id", ())).order_by(*order)
    places, place_values = firsts.order_by(*order).values("collection_id")[:limit].query.sql_with_params()
    found, found_values = of_one.values("id", field)[:limit].query.sql_with_params()
    direction = "ASC" if is_oldest else "DESC"
    join = _JOINS[connection.vendor].format(images=found)
    sql = f"SELECT image.id FROM ({places}) AS place {join} ORDER BY image.{field} {direction}, image.id {direction}"
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} LIMIT {limit:d}", [*place_values, *found_values])
        return [pk for (pk,) in cursor.fetchall()]
