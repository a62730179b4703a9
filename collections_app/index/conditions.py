"""The condition of a search, in Milvus' language: of integers alone, so nothing can be slipped in. Used by `milvus`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import index as integer

from collections_app.index.types import UNKNOWN, Filters
from collections_app.index.words import hash_token

_SHAPES = {"portrait": "width < height", "landscape": "width > height", "square": "width == height"}
_LARGEST = 2**63 - 1

TagCondition = Callable[[int], str]


def search_condition(
    *, team_ids: Sequence[int], collections: Mapping[int, int] | None, filters: Filters, has_tag: TagCondition
) -> str:
    """Return the condition inside the partitions: none where all of them are searched whole.

    Raises ValueError for a shape that there is not, TypeError for what should be a number and is none.
    """
    return all_of([*_scope(team_ids, collections), *_asked(filters, has_tag)])


def among(field: str, values: Iterable[int]) -> str:
    """Return the condition that a field has one of the values. Raises TypeError for what is not an integer."""
    return f"{field} in [{', '.join(str(integer(value)) for value in values)}]"


def all_of(conditions: Iterable[str]) -> str:
    return " and ".join(f"({condition})" for condition in conditions)


def any_of(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions)


def _scope(team_ids: Sequence[int], collections: Mapping[int, int] | None) -> Iterator[str]:
    if collections:
        single = among("collection_id", collections)
        yield any_of([among("team_id", team_ids), single]) if team_ids else single


def _asked(filters: Filters, has_tag: TagCondition) -> Iterator[str]:
    if filters.uploader_ids:
        yield among("uploader_id", filters.uploader_ids)
    yield from _between("taken_at", filters.taken_from, filters.taken_before)
    yield from _between("created_at", filters.created_from, filters.created_before)
    if filters.shapes:
        yield any_of(map(_shape, filters.shapes))
    if filters.min_edge_px:
        yield any_of(f"{edge} >= {_number(filters.min_edge_px)}" for edge in ("width", "height"))
    if filters.formats:
        yield among("format", map(hash_token, filters.formats))
    for tag in filters.tags:
        yield has_tag(hash_token(tag))
    for tag in filters.without_tags:
        yield f"not ({has_tag(hash_token(tag))})"
    if filters.sample_every > 1:
        # Fingerprints are spread evenly over what 64 bits hold. Milvus Lite knows no remainder.
        yield f"content < {_number(2**64 // filters.sample_every - 2**63)}"


def _between(field: str, start: int | None, end: int | None) -> Iterator[str]:
    if start is None and end is None:
        return
    yield f"{field} != {UNKNOWN}"
    if start is not None:
        yield f"{field} >= {_number(start)}"
    if end is not None:
        yield f"{field} < {_number(end)}"


def _shape(name: str) -> str:
    try:
        return _SHAPES[name]
    except KeyError as error:
        raise ValueError(f"There is no shape {name!r}.") from error


def _number(value: int) -> str:
    """What no field can hold is asked for as the largest that it can: Milvus refuses the rest."""
    return str(min(max(integer(value), -_LARGEST), _LARGEST))
