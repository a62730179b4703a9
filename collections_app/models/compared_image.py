"""What comparing a team's images has found: their bands, their duplicate groups, and who compares now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler

from collections_app.models.image import Image
from collections_app.models.team import Membership, Team
from collections_app.models.user import User


class TeamComparisonQuerySet(models.QuerySet["TeamComparison"]):
    def free(self, now: datetime) -> Self:
        """Teams whose images no process compares now."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=now))


class TeamComparison(models.Model):
    """How far a team's images usually are from each other, and the lease of the process that compares them.

    `until_measured`: after so many comparisons the distance is measured again.
    """

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="+")
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    model_key = models.CharField(max_length=200, blank=True)
    median_distance = models.FloatField(null=True)
    until_measured = models.BigIntegerField(default=0)

    objects = TeamComparisonQuerySet.as_manager()

    def __str__(self) -> str:
        return f"comparison of {self.team}"


class DuplicateGroupQuerySet(models.QuerySet["DuplicateGroup"]):
    def in_team(self, team: Team) -> Self:
        return self.filter(team=team, keeper__isnull=False)

    def count_by_team(self, user: User) -> dict[int, int]:
        """Return the number of groups, by team id, of the user's teams that have any."""
        own = self.filter(team__in=Membership.objects.team_ids_of(user), keeper__isnull=False)
        return dict(own.values_list("team").annotate(count=models.Count("pk")).order_by())

    def best_first(self) -> Self:
        return self.order_by("-pixels", "-byte_size", "keeper")

    def after(self, *, pixels: int, byte_size: int, keeper_id: int) -> Self:
        """Groups that `best_first` puts after these values of a keeper."""
        same_size = Q(byte_size__lt=byte_size) | Q(byte_size=byte_size, keeper__gt=keeper_id)
        return self.filter(Q(pixels__lt=pixels) | Q(same_size, pixels=pixels), pixels__lte=pixels)

    def without_keeper(self) -> Self:
        """Groups whose keeper was deleted, trashed or moved. Their other images must be compared again."""
        return self.filter(keeper__isnull=True)


class DuplicateGroup(models.Model):
    """Duplicates of `keeper`. `pixels` and `byte_size` are the keeper's, for the order of the groups."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    keeper = models.OneToOneField(Image, null=True, on_delete=models.SET_NULL, related_name="+")
    pixels = models.BigIntegerField()
    byte_size = models.BigIntegerField()

    objects = DuplicateGroupQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reader: the page of duplicates.
            models.Index(fields=["team", "-pixels", "-byte_size", "keeper"], name="duplicate_group_order"),
            # Reader: the comparer, which asks for such groups every second.
            models.Index(fields=["id"], condition=Q(keeper__isnull=True), name="duplicate_group_no_keeper"),
        ]

    def __str__(self) -> str:
        return f"duplicates of image {self.keeper_id}"


class _Numbers(models.Func):
    """Whole numbers, as rows. They are one parameter, because there are thousands of them."""

    template = "(SELECT value FROM json_each('[' || %(expressions)s || ']'))"

    def __init__(self, numbers: Iterable[int]) -> None:
        super().__init__(models.Value(",".join(map(str, numbers))), output_field=models.IntegerField())

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        template = "(SELECT unnest(string_to_array(%(expressions)s, ',')::integer[]))"
        return self.as_sql(compiler, connection, template=template, **context)


class ComparedImageQuerySet(models.QuerySet["ComparedImage"]):
    def list_hashes(self, *, team_id: int, bands: Sequence[Iterable[int]]) -> dict[int, int]:
        """Return the hashes, by image id, of the team's images that have one of these values in a band.

        `bands` are the values of each band. Each value is a look-up in an index of the database.
        """
        in_team = self.filter(team=team_id).values_list("pk", "perceptual_hash")
        parts = [in_team.filter(**{f"band_{number}__in": _Numbers(own)}) for number, own in enumerate(bands)]
        return {pk: value for pk, value in parts[0].union(*parts[1:]) if value is not None}


class ComparedImage(models.Model):
    """An image that was compared with its team, with the values that were compared.

    It is the keeper of `group`, another member of it, or a keeper without duplicates if `group` is empty. The bands
    are parts of the hash; they are empty if the hash identifies no picture. `facts` is a checksum of all that was
    compared; if it is empty, the image is compared again even if nothing has changed.
    """

    image = models.OneToOneField(Image, primary_key=True, on_delete=models.CASCADE, related_name="comparison")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    group = models.ForeignKey(
        DuplicateGroup, null=True, on_delete=models.SET_NULL, related_name="members", db_index=False
    )
    perceptual_hash = models.BigIntegerField(null=True)
    band_0 = models.IntegerField(null=True)
    band_1 = models.IntegerField(null=True)
    band_2 = models.IntegerField(null=True)
    facts = models.BigIntegerField(null=True)

    objects = ComparedImageQuerySet.as_manager()

    class Meta:
        indexes = [
            # Readers: the comparer, which searches for near hashes and counts equal ones.
            models.Index(fields=["team", "band_0"], name="compared_band_0"),
            models.Index(fields=["team", "band_1"], name="compared_band_1"),
            models.Index(fields=["team", "band_2"], name="compared_band_2"),
            models.Index(fields=["team", "perceptual_hash", "band_0"], name="compared_hash"),
            # Readers: the page of duplicates and the comparer.
            models.Index(fields=["group", "image"], condition=Q(group__isnull=False), name="compared_group"),
        ]

    def __str__(self) -> str:
        return f"comparison of image {self.image_id}"
