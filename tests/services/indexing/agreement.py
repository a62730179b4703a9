"""Assertion of I1: the index holds exactly one vector for every row, in its team's partition."""

from collections_app.index import Entry
from collections_app.models import Image
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.entries import build_entry


def indexed_entries() -> list[Entry]:
    return sorted(get_active_index().iterate_entries(), key=lambda entry: (entry.id, entry.team_id))


def expected_entries() -> list[Entry]:
    return [build_entry(image) for image in Image.objects.select_related("collection").order_by("pk")]


def assert_index_agrees() -> None:
    assert indexed_entries() == expected_entries()
