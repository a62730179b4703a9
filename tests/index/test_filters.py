"""Filters inside the search, on Milvus Lite and on a server: each alone, together, and against brute force."""

import random
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from collections_app.index import (
    UNKNOWN,
    AnyOf,
    Compares,
    Condition,
    HasTag,
    IsBetween,
    IsIn,
    Not,
    Record,
    hash_token,
)
from collections_app.index.milvus import MilvusIndex
from tests.index.records import random_units, record, tag_keys, unit

DAY = 86_400
SHAPES: dict[str, Condition] = {
    "portrait": Compares("width", "<", "height"),
    "landscape": Compares("width", ">", "height"),
    "square": Compares("width", "==", "height"),
}
HOSTILE = ["50%", "a_b", '"', "'", "\\", '" or id > 0 or tags == "', "%", "été", "日本", "a b", "🐶", "x" * 50, "\n"]


def build_conditions(**filters: Any) -> list[Condition]:
    """Return conditions as the filters of the query language build them."""
    build: dict[str, Callable[[Any], list[Condition]]] = {
        "uploader_ids": lambda ids: [IsIn("uploader_id", ids)],
        "taken_from": lambda time: [IsBetween(field="taken_at", minimum=time)],
        "taken_before": lambda time: [IsBetween(field="taken_at", below=time)],
        "created_from": lambda time: [IsBetween(field="created_at", minimum=time)],
        "created_before": lambda time: [IsBetween(field="created_at", below=time)],
        "shapes": lambda names: [AnyOf(tuple(SHAPES[name] for name in names))],
        "min_edge_px": lambda px: [
            AnyOf((IsBetween(field="width", minimum=px), IsBetween(field="height", minimum=px)))
        ],
        "formats": lambda names: [IsIn("format", tuple(map(hash_token, names)))],
        "tags": lambda names: [HasTag(name) for name in names],
        "without_tags": lambda names: [Not(HasTag(name)) for name in names],
    }
    return [condition for name, value in filters.items() for condition in build[name](value)]


def found(index: MilvusIndex, *, limit: int = 100, sample_every: int = 1, **filters: Any) -> list[int]:
    conditions = build_conditions(**filters)
    hits = index.search(unit(1), team_ids=[1], limit=limit, conditions=conditions, sample_every=sample_every)
    return sorted(hit.id for hit in hits)


def test_search_without_filters_finds_everything(index: MilvusIndex) -> None:
    index.upsert([record(1), record(2, taken_at=UNKNOWN, tags=tag_keys("dog"))])

    assert found(index) == [1, 2]


def test_uploader_filter_matches_any_of_its_values(index: MilvusIndex) -> None:
    index.upsert([record(an_id, uploader_id=an_id) for an_id in (1, 2, 3)])

    assert found(index, uploader_ids=(1, 3, 9)) == [1, 3]


@pytest.mark.parametrize("field", ["taken", "created"])
def test_time_range_includes_its_start_and_excludes_its_end(index: MilvusIndex, field: str) -> None:
    index.upsert([record(an_id, **cast(Any, {f"{field}_at": an_id * DAY})) for an_id in (-2, 1, 2, 3)])

    assert found(index, **{f"{field}_from": 2 * DAY}) == [2, 3]
    assert found(index, **{f"{field}_before": 2 * DAY}) == [-2, 1]
    assert found(index, **{f"{field}_from": DAY, f"{field}_before": 3 * DAY}) == [1, 2]
    assert found(index, **{f"{field}_from": -2 * DAY, f"{field}_before": -DAY}) == [-2]


def test_unknown_time_matches_no_time_filter(index: MilvusIndex) -> None:
    index.upsert([record(1, taken_at=UNKNOWN), record(2, taken_at=DAY)])

    assert found(index, taken_before=2 * DAY) == [2]
    assert found(index, taken_from=-DAY) == [2]
    assert found(index, taken_from=UNKNOWN) == [2]


def test_shape_filter_matches_any_of_its_values(index: MilvusIndex) -> None:
    index.upsert([record(1, width=2, height=3), record(2, width=3, height=2), record(3, width=3, height=3)])

    assert found(index, shapes=("portrait",)) == [1]
    assert found(index, shapes=("landscape",)) == [2]
    assert found(index, shapes=("square", "portrait")) == [1, 3]


def test_minimum_size_applies_to_the_longer_edge(index: MilvusIndex) -> None:
    sizes = {1: (100, 10), 2: (10, 100), 3: (99, 99)}
    index.upsert([record(an_id, width=width, height=height) for an_id, (width, height) in sizes.items()])

    assert found(index, min_edge_px=100) == [1, 2]
    assert found(index, min_edge_px=10**30) == []


def test_format_filter_matches_any_of_its_values(index: MilvusIndex) -> None:
    index.upsert([record(an_id, format=hash_token(name)) for an_id, name in enumerate(["PNG", "JPEG", "HEIF"])])

    assert found(index, formats=("JPEG",)) == [1]
    assert found(index, formats=("png", "HEIF")) == [0, 2]


def test_all_wanted_tags_and_no_excluded_tag_must_be_there(index: MilvusIndex) -> None:
    index.upsert([record(1, tags=tag_keys("dog", "snow")), record(2, tags=tag_keys("dog")), record(3)])

    assert found(index, tags=("dog",)) == [1, 2]
    assert found(index, tags=("dog", "snow")) == [1]
    assert found(index, without_tags=("snow",)) == [2, 3]
    assert found(index, without_tags=("snow", "dog")) == [3]
    assert found(index, tags=("dog",), without_tags=("snow",)) == [2]
    assert found(index, tags=("do",)) == []


def test_tag_filter_ignores_case(index: MilvusIndex) -> None:
    index.upsert([record(1, tags=tag_keys("Straße", "ДОМ"))])

    assert found(index, tags=("STRASSE", "дом")) == [1]
    assert found(index, without_tags=("Дом",)) == []


def test_any_text_can_be_a_tag(index: MilvusIndex) -> None:
    index.upsert([record(an_id, tags=tag_keys(tag)) for an_id, tag in enumerate(HOSTILE)])

    for an_id, tag in enumerate(HOSTILE):
        assert found(index, tags=(tag,)) == [an_id]
        assert an_id not in found(index, without_tags=(tag,))


@pytest.mark.parametrize("sample_every", [16, 256, 16**4])
def test_sampling_keeps_the_lowest_fingerprints(index: MilvusIndex, sample_every: int) -> None:
    end = 2**64 // sample_every - 2**63
    contents = [-(2**63), end - 1, end, -1, 0, 1, 2**63 - 1]
    index.upsert([record(an_id, content=content) for an_id, content in enumerate(contents)])

    assert found(index, sample_every=sample_every) == [0, 1]
    assert found(index, sample_every=1) == list(range(7))


def test_sampling_keeps_the_given_fraction(index: MilvusIndex) -> None:
    chance = random.Random(1)
    index.upsert([record(an_id, content=chance.randrange(-(2**63), 2**63)) for an_id in range(3000)])

    assert 150 < len(found(index, sample_every=16, limit=1000)) < 230


def test_text_in_place_of_a_number_is_refused(index: MilvusIndex) -> None:
    index.upsert([record(1)])

    for wrong in ({"uploader_ids": ("1] or id in [1",)}, {"taken_from": "0 or id > 0"}, {"min_edge_px": "1"}):
        with pytest.raises(TypeError):
            found(index, **wrong)


def test_filters_apply_to_teams_and_collections(index: MilvusIndex) -> None:
    index.upsert(
        [
            record(team * 10 + n, team=team, collection_id=team * 10 + n % 2, tags=tag_keys("dog") if n > 1 else ())
            for team in (1, 2, 3)
            for n in range(4)
        ]
    )

    hits = index.search(unit(1), team_ids=[1], collections={20: 2}, limit=99, conditions=[HasTag("dog")])

    assert sorted(hit.id for hit in hits) == [12, 13, 22]


def test_changed_entry_is_found_by_its_new_values_only(index: MilvusIndex) -> None:
    index.upsert([record(1, tags=tag_keys("dog"), format=hash_token("GIF"))])
    index.upsert([record(1, tags=tag_keys("cat"), format=hash_token("PNG"))])

    assert found(index, tags=("dog",)) == found(index, formats=("GIF",)) == []
    assert found(index, tags=("cat",), formats=("PNG",)) == [1]


def test_entries_are_read_with_their_tags(index: MilvusIndex) -> None:
    tags = tag_keys(*(f"tag {number}" for number in range(500)))
    index.upsert([record(1, tags=tags), record(2)])

    assert {entry.id: entry.tags for entry in index.iterate_entries()} == {1: tags, 2: ()}


def test_few_matching_entries_are_found_among_many_nearer_ones(index: MilvusIndex) -> None:
    near = [record(an_id, vector=unit(1, 0, an_id / 1e4)) for an_id in range(1500)]
    far = [record(2000 + n, vector=unit(0, 1), tags=tag_keys("rare")) for n in range(3)]
    index.upsert([*near, *far])

    assert found(index, tags=("rare",), limit=10) == [2000, 2001, 2002]


def test_any_filters_find_what_brute_force_finds(index: MilvusIndex) -> None:
    chance = random.Random(7)
    vectors = random_units(300)
    facts = [_some_facts(chance) for _ in vectors]
    index.upsert([_record(an_id, each, vectors[an_id]) for an_id, each in enumerate(facts)])
    matched = 0
    for query in random_units(80, seed=1):
        filters, teams = _some_filters(chance), chance.choice([(1,), (2,), (1, 2)])
        right = [an_id for an_id, each in enumerate(facts) if each["team"] in teams and _meets(each, filters)]
        matched += len(right)
        nearest = sorted(right, key=lambda an_id: -float(vectors[an_id] @ query))[:10]

        hits = index.search(query, team_ids=teams, limit=10, conditions=build_conditions(**filters))

        np.testing.assert_allclose([hit.score for hit in hits], vectors[nearest] @ query, atol=1e-5)
        assert {hit.id for hit in hits} <= set(right)
    assert matched > 500


_TAGS = ("dog", "Snow", "SEA", "50%", "naïve")
_FORMATS = ("PNG", "JPEG", "HEIF")


def _some_facts(chance: random.Random) -> dict[str, Any]:
    return {
        "team": chance.choice((1, 2)),
        "uploader_id": chance.randint(0, 3),
        "taken_at": chance.choice([UNKNOWN, *range(-3, 4)]) * DAY,
        "created_at": chance.randint(1, 5) * DAY,
        "width": chance.randint(1, 4),
        "height": chance.randint(1, 4),
        "format": chance.choice(_FORMATS),
        "tags": chance.sample(_TAGS, chance.randint(0, 4)),
    }


def _record(an_id: int, facts: dict[str, Any], vector: Any) -> Record:
    stored = {"format": hash_token(facts["format"]), "tags": tag_keys(*facts["tags"])}
    return record(an_id, vector=vector, **facts | stored)


def _some_filters(chance: random.Random) -> dict[str, Any]:
    everything: dict[str, Any] = {
        "uploader_ids": tuple(chance.sample(range(4), 3)),
        "taken_from": chance.randint(-3, 1) * DAY,
        "taken_before": chance.randint(0, 4) * DAY,
        "created_from": chance.randint(1, 3) * DAY,
        "created_before": chance.randint(3, 6) * DAY,
        "shapes": tuple(chance.sample(("portrait", "landscape", "square"), 2)),
        "min_edge_px": chance.randint(1, 4),
        "formats": tuple(chance.sample(_FORMATS, 2)),
        "tags": (chance.choice(_TAGS).upper(),),
        "without_tags": (chance.choice(_TAGS).lower(),),
    }
    return {name: everything[name] for name in chance.sample(sorted(everything), chance.randint(1, 4))}


def _meets(facts: dict[str, Any], filters: dict[str, Any]) -> bool:
    """Apply the filters in plain Python."""
    width, height = facts["width"], facts["height"]
    shape = "portrait" if width < height else "landscape" if width > height else "square"
    tags = {tag.casefold() for tag in facts["tags"]}
    return all(
        [
            "uploader_ids" not in filters or facts["uploader_id"] in filters["uploader_ids"],
            _is_between(facts["taken_at"], filters.get("taken_from"), filters.get("taken_before")),
            _is_between(facts["created_at"], filters.get("created_from"), filters.get("created_before")),
            "shapes" not in filters or shape in filters["shapes"],
            max(width, height) >= filters.get("min_edge_px", 0),
            "formats" not in filters or facts["format"] in filters["formats"],
            {tag.casefold() for tag in filters.get("tags", ())} <= tags,
            not {tag.casefold() for tag in filters.get("without_tags", ())} & tags,
        ]
    )


def _is_between(time: int, start: int | None, end: int | None) -> bool:
    if start is None and end is None:
        return True
    return time != UNKNOWN and (start is None or time >= start) and (end is None or time < end)
