"""The words of a picture's names: title, tags, file name, and the collection it lies in."""

from django.db import models

from collections_app.models.image import Image
from collections_app.models.text_search import WordsField


class ImageName(models.Model):
    """A row of the search index over names. Triggers write it, see services.name_index; nothing else does.

    FTS5 calls its key "rowid", and the column that stands for all of its columns as the table: so does PostgreSQL here.
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
