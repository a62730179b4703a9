"""The directory of partitions in the database, for all processes; see `PartitionDirectory`."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from collections_app.index.directory import place_teams
from collections_app.models import IndexPartition
from collections_app.models.index_partition import IndexPartitionQuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlDirectory:
    """The places of one model."""

    model_key: str

    @property
    def limit(self) -> int:
        limit: int = settings.MILVUS_MAX_PARTITIONS
        return limit

    def find(self, team_ids: Collection[int]) -> Mapping[int, int]:
        return dict(self._rows.filter(team_id__in=list(team_ids)).values_list("team_id", "number"))

    def list_team_ids(self) -> set[int]:
        return set(self._rows.values_list("team_id", flat=True))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """SQLite has one writer at a time, from the beginning of its transaction. Readers do not wait."""
        with transaction.atomic():
            if connection.vendor == "postgresql":
                table = connection.ops.quote_name(IndexPartition._meta.db_table)
                with connection.cursor() as cursor:
                    cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            yield

    def place(self, team_ids: Iterable[int], existing: Mapping[int, int]) -> Mapping[int, int]:
        taken = dict(self._rows.values_list("team_id", "number"))
        assigned = place_teams(team_ids, taken={**existing, **taken}, limit=self.limit)
        added = {team_id: number for team_id, number in {**existing, **assigned}.items() if team_id not in taken}
        IndexPartition.objects.bulk_create(
            IndexPartition(model_key=self.model_key, team_id=team_id, number=number)
            for team_id, number in added.items()
        )
        return assigned

    def release(self, team_id: int) -> None:
        self._rows.filter(team_id=team_id).delete()

    def clear(self) -> None:
        self._rows.delete()

    @property
    def _rows(self) -> IndexPartitionQuerySet:
        return IndexPartition.objects.of_model(self.model_key)
