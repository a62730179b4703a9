"""The directory of partitions: which Milvus collection of a model has a team's partition."""

from typing import Self

from django.db import models


class IndexPartitionQuerySet(models.QuerySet["IndexPartition"]):
    def of_model(self, model_key: str) -> Self:
        return self.filter(model_key=model_key)


class IndexPartition(models.Model):
    """A row exists for each partition if Milvus collections have a limit; see `PartitionDirectory`.

    `team_id` is no foreign key: a partition outlives its team for a while, and the trash has one, too. `number` is that
    of the Milvus collection, from 1.
    """

    model_key = models.CharField(max_length=200)
    team_id = models.PositiveBigIntegerField()
    number = models.PositiveIntegerField()

    objects = IndexPartitionQuerySet.as_manager()

    class Meta:
        constraints = [
            # Its index is what searches read.
            models.UniqueConstraint(fields=["model_key", "team_id"], name="index_partition_one_per_team"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="index_partition_number_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.model_key}: team {self.team_id} in {self.number}"
