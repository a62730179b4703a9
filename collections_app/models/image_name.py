"""The words of an image's title, tags, file name and collection."""

from django.db import models

from collections_app.models.image import Image
from collections_app.models.text_search import WordsField


class ImageName(models.Model):
    """A row of the search index over names. Only triggers write it; see `services.search.name_index`.

    The key is named "rowid" and the searchable column like the table, because FTS5 names them so. PostgreSQL follows.
    """

    image = models.OneToOneField(
        Image,
        primary_key=True,
        db_column="rowid",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="names",
    )
    words = WordsField(db_column="image_names")

    class Meta:
        managed = False
        db_table = "image_names"

    def __str__(self) -> str:
        return f"names of image {self.image_id}"
