"""Conditions as expressions of Milvus' language. They hold integers only, never a person's text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import index as integer

from collections_app.index.types import UNKNOWN, AnyOf, Compares, Condition, HasTag, IsBetween, IsIn, Not, hash_token

_LARGEST = 2**63 - 1

RenderTag = Callable[[int], str]


def render_search_filter(
    *,
    team_ids: Sequence[int],
    collections: Mapping[int, int] | None,
    conditions: Iterable[Condition],
    sample_every: int,
    render_tag: RenderTag,
) -> str:
    """Return the expression of a search inside its partitions; empty where all of them are searched whole.

    Raises TypeError for a value that is not an integer.
    """
    parts = [_render(condition, render_tag) for condition in conditions]
    return join_all([*_render_scope(team_ids, collections), *parts, *_render_sample(sample_every)])


def render_is_in(field: str, values: Iterable[int]) -> str:
    """Raises TypeError for a value that is not an integer."""
    return f"{field} in [{', '.join(str(integer(value)) for value in values)}]"


def join_all(expressions: Iterable[str]) -> str:
    return " and ".join(f"({expression})" for expression in expressions)


def join_any(expressions: Iterable[str]) -> str:
    return " or ".join(f"({expression})" for expression in expressions)


def _render(condition: Condition, render_tag: RenderTag) -> str:
    match condition:
        case IsIn(field, values):
            return render_is_in(field, values)
        case IsBetween():
            return join_all(_render_range(condition))
        case Compares(first, operator, second):
            return f"{first} {operator} {second}"
        case HasTag(tag):
            return render_tag(hash_token(tag))
        case Not(negated):
            return f"not ({_render(negated, render_tag)})"
        case AnyOf(conditions):
            return join_any(_render(each, render_tag) for each in conditions)


def _render_scope(team_ids: Sequence[int], collections: Mapping[int, int] | None) -> Iterator[str]:
    if collections:
        single = render_is_in("collection_id", collections)
        yield join_any([render_is_in("team_id", team_ids), single]) if team_ids else single


def _render_range(condition: IsBetween) -> Iterator[str]:
    if condition.field in ("taken_at", "created_at"):
        yield f"{condition.field} != {UNKNOWN}"
    if condition.minimum is not None:
        yield f"{condition.field} >= {_render_number(condition.minimum)}"
    if condition.below is not None:
        yield f"{condition.field} < {_render_number(condition.below)}"


def _render_sample(sample_every: int) -> Iterator[str]:
    """Fingerprints of files are spread evenly over 64 bits. Milvus Lite has no modulo."""
    if sample_every > 1:
        yield f"content < {_render_number(2**64 // sample_every - 2**63)}"


def _render_number(value: int) -> str:
    """Clip the value to what a field can hold: Milvus refuses larger numbers."""
    return str(min(max(integer(value), -_LARGEST), _LARGEST))
