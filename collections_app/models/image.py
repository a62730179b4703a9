"""One uploaded picture: its file, its metadata and its state in the index."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from typing import Any, Self

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.collection import Collection
from collections_app.models.id_list import HasOneOfIds
from collections_app.models.index_model import VectorFields
from collections_app.models.indexed_images import IndexedQuerySet, IndexState
from collections_app.models.names import NameField, TagsField
from collections_app.models.pair_comparison import PairComparison
from collections_app.models.team import Team
from collections_app.models.text_search import NameRank, ScopedWords
from collections_app.models.user import User
from collections_app.models.wall_clock import WallClockField


def build_storage_name(image: "Image", file_name: str) -> str:
    """Return a random name with the extension of `file_name`."""
    name = uuid.uuid4().hex
    return f"originals/{name[:2]}/{name}{PurePath(file_name).suffix.lower()}"


# The columns that order pages, with the types of their values.
_PLACES: "dict[str, models.Field[Any, Any]]" = {
    "created_at": models.DateTimeField(),
    "trashed_at": models.DateTimeField(),
    "timeline_at": WallClockField(),
    "sort_name": models.TextField(),
}


class ImageQuerySet(IndexedQuerySet["Image"]):
    """Reads. The writes queue index jobs."""

    def not_trashed(self) -> Self:
        return self.filter(trashed_at=None)

    def visible_to(self, user: User) -> Self:
        return self.not_trashed().filter(collection__in=Collection.objects.visible_to(user))

    def editable_by(self, user: User) -> Self:
        return self.not_trashed().filter(collection__in=Collection.objects.editable_by(user))

    def trashed(self) -> Self:
        # SQLite uses the partial index for this form only, not for `exclude(trashed_at=None)`.
        return self.filter(trashed_at__isnull=False)

    def in_trash_of(self, user: User) -> Self:
        """Trashed images that the user may restore."""
        return self.trashed().filter(collection__in=Collection.objects.restorable_by(user))

    def in_team(self, team: Team) -> Self:
        return self.filter(collection__team=team)

    def among(self, image_ids: Iterable[int]) -> Self:
        """Those of the images with these ids. With `filter(pk__in=…)`, SQLite reads each id in each collection."""
        ids = list(image_ids)
        if not ids:
            return self.none()
        images = self if connections[self.db].vendor == "postgresql" else self.looked_up()
        return images.filter(HasOneOfIds(ids))

    def looked_up(self) -> Self:
        """The same images, for further filters that find few: the database checks each of these images.

        Only for reads. If PostgreSQL waits for a lock, it does not check the former filters again.
        """
        return type(self)(self.model, using=self.db).filter(Exists(self.filter(pk=OuterRef("pk"))))

    def with_collection(self) -> Self:
        return self.select_related("collection__team")

    def latest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def latest_taken_first(self) -> Self:
        return self.order_by("-timeline_at", "-pk")

    def having_names(self, words: ScopedWords) -> Self:
        """Images whose title, tags, file name and collection contain all words; the last word is a prefix.

        Every text is accepted, and none of its characters is an operator. The search reads only the scopes of the
        words.
        """
        return self.none() if words.is_empty else self.filter(names__words__matching=words)

    def matching_names(self, words: ScopedWords) -> Self:
        """The same images: those whose own names contain all words come first, then the newest."""
        return self.having_names(words).order_by(NameRank("names__words", words), "-created_at", "-pk")

    def get_neighbours(self, image: "Image") -> "tuple[Image | None, Image | None]":
        """Return the next newer and the next older image of its collection."""
        siblings = self.not_trashed().filter(collection=image.collection_id)
        date, pk = image.timeline_at, image.pk
        newer = siblings.beyond("timeline_at", date, pk, is_newer=True).order_by("timeline_at", "pk")
        return newer.first(), siblings.beyond("timeline_at", date, pk).latest_taken_first().first()

    def beyond(self, field: str, value: datetime | str, pk: int, *, is_newer: bool = False) -> Self:
        """Images that follow a place in the order of -`field`, -pk, or with `is_newer` precede it."""
        return self.filter(PairComparison(field, Value(value, _PLACES[field]), pk, is_greater=is_newer))

    def same_bytes_as(self, image: "Image") -> Self:
        return self.filter(sha256=image.sha256).exclude(pk=image.pk)


class Image(models.Model):
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="images")
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="uploads",
        db_index=False,  # `image_by_uploader` begins with it
    )
    file = models.FileField(upload_to=build_storage_name, max_length=200)
    original_name = models.CharField(max_length=255)
    title = NameField(max_length=200, blank=True)
    description = models.TextField(max_length=2000, blank=True)
    tags = TagsField(default=list, blank=True)
    sha256 = models.CharField(max_length=64, db_index=True)
    byte_size = models.PositiveBigIntegerField()
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField(help_text=_("Pixels, as displayed."))
    height = models.PositiveIntegerField(help_text=_("Pixels, as displayed."))
    processing = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text=_("How much the file was processed since the camera: 0 is a raw file.")
    )
    camera = models.CharField(max_length=100, blank=True, editable=False)
    taken_at = WallClockField(null=True, blank=True, help_text=_("The local time at the place."))
    taken_offset_minutes = models.SmallIntegerField(
        null=True, blank=True, editable=False, help_text=_("How far that local time was ahead of UTC, if known.")
    )
    has_taken_time = models.BooleanField(
        null=True, editable=False, help_text=_("Whether more than the day is known. Empty without a date.")
    )
    date_edited_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When a person last changed the date. Then no file replaces it.")
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    timeline_at = models.GeneratedField(
        expression=Coalesce("taken_at", "created_at", output_field=models.DateTimeField()),
        output_field=WallClockField(),
        db_persist=True,
        help_text=_("The local time when the picture was taken. Without one, the time of the upload, in UTC."),
    )
    sort_name = models.GeneratedField(
        expression=Lower(Coalesce(NullIf("title", Value("")), "original_name")),
        output_field=models.TextField(),
        db_persist=True,
        help_text=_("The title or the file name, in lower case. SQLite changes ASCII letters only."),
    )
    public_id = models.UUIDField(
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text=_("The id in public links."),
    )
    trashed_at = models.DateTimeField(null=True, blank=True, editable=False)
    trasher = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    index_state = models.CharField(max_length=10, choices=IndexState, default=IndexState.PENDING)
    index_model_key = models.CharField(max_length=200, blank=True)
    index_sha256 = models.CharField(max_length=64, blank=True, help_text=_("SHA-256 of the indexed file."))
    index_error = models.TextField(blank=True)
    vector_checksum = models.BigIntegerField(
        null=True, blank=True, editable=False, help_text=_("CRC-32 of the vector in the index.")
    )
    # The same three for the model that has the second slot, see `IndexModel`.
    second_model_key = models.CharField(max_length=200, blank=True, default="", editable=False)
    second_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    second_checksum = models.BigIntegerField(null=True, blank=True, editable=False)
    perceptual_hash = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text=_("64 bits that describe the picture. 0: the picture has too little detail."),
    )
    # When the image was compared with its team, for duplicates. Empty: it must be compared.
    compared_at = models.DateTimeField(null=True, editable=False)

    objects = ImageQuerySet.as_manager()

    class Meta:
        indexes = [
            # Readers: pages of pictures, last added first; covers of collections.
            models.Index(
                fields=["collection", "created_at", "id"], condition=Q(trashed_at=None), name="image_in_collection"
            ),
            # Readers: the timelines of the home page and of collections; a picture's neighbours.
            models.Index(
                fields=["collection", "timeline_at", "id"], condition=Q(trashed_at=None), name="image_in_timeline"
            ),
            # Reader: the page of a collection, by title.
            models.Index(
                fields=["collection", "sort_name", "id"], condition=Q(trashed_at=None), name="image_by_sort_name"
            ),
            # Reader: the trash page, latest first.
            models.Index(
                fields=["collection", "trashed_at", "id"],
                condition=Q(trashed_at__isnull=False),
                name="image_in_trash",
            ),
            # Reader: the purge of the trash.
            models.Index(fields=["trashed_at"], condition=Q(trashed_at__isnull=False), name="image_trashed"),
            # Readers: the page of failed pictures, and "Retry all".
            models.Index(
                fields=["collection", "created_at", "id"],
                condition=Q(index_state="failed", trashed_at=None),
                name="image_failed",
            ),
            # Reader: the upload page, which offers the collection of a person's last upload.
            models.Index(fields=["uploader", "created_at", "id"], name="image_by_uploader"),
            # Reader: the worker, which adds perceptual hashes to images indexed without them.
            models.Index(
                fields=["id"], condition=Q(perceptual_hash=None, index_state="indexed"), name="image_not_hashed"
            ),
            # Reader: the comparer, which searches for images to compare every second.
            models.Index(
                fields=["id"], condition=Q(compared_at=None) & ~Q(index_state="pending"), name="image_to_compare"
            ),
            # Reader: the page of duplicates, which says how many pictures of a team are still to be compared.
            models.Index(
                fields=["collection", "id"],
                condition=Q(compared_at=None) & ~Q(index_state="pending"),
                name="image_to_compare_in_team",
            ),
            # Readers: the index worker, which counts indexed images and queues those that another model has encoded.
            models.Index(fields=["index_state", "index_model_key"], name="image_by_model"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="image_has_pixels"),
            models.CheckConstraint(condition=Q(index_state__in=IndexState.values), name="image_state_known"),
            models.CheckConstraint(
                condition=~Q(index_state="indexed") | ~Q(index_model_key="") | ~Q(second_model_key=""),
                name="image_indexed_by_some_model",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row and its index job in one transaction. Django sends post_save after its own has ended."""
        with transaction.atomic():
            super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        """The title, or the name of the uploaded file."""
        return self.title or self.original_name

    @property
    def file_name(self) -> str:
        """The file's name in the storage."""
        return self.file.name or ""

    def has_vector_of(self, model_key: str, fields: VectorFields) -> bool:
        """Return whether the index has the vector of the present file by this model."""
        return (getattr(self, fields.model_key), getattr(self, fields.sha256)) == (model_key, self.sha256)

    @property
    def is_indexed(self) -> bool:
        return self.index_state == IndexState.INDEXED

    @property
    def is_failed(self) -> bool:
        return self.index_state == IndexState.FAILED
