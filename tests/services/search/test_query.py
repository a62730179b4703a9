"""The language of the search box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.services.search.query import MAX_ITEMS, Condition, Part, Query, like, parse_query


def test_the_whole_language_in_one_line() -> None:
    line = '"red car" -snow like:123 by:me in:"Summer 2025" after:2025-06 before:2025-09 portrait min:2000px'
    assert parse_query(line) == Query(
        (
            Part(value="red car"),
            Part(value="snow", weight=-1),
            like(123),
            Condition(key="by", value="me"),
            Condition(key="in", value="Summer 2025"),
            Condition(key="after", value="2025-06"),
            Condition(key="before", value="2025-09"),
            Condition(key="is", value="portrait"),
            Condition(key="min", value="2000px"),
        )
    )


# As rclip documents them, its picture files written as `like:`.
RCLIP = {
    "horse + stripes": [("horse", 1), ("stripes", 1)],
    "apple - fruit": [("apple", 1), ("fruit", -1)],
    "like:7 + night": [("7", 1), ("night", 1)],
    "2:golden retriever + like:8": [("golden retriever", 2), ("8", 1)],
    "like:9 - 2:sports car + 2:snow": [("9", 1), ("sports car", -2), ("snow", 2)],
    '"2:golden retriever" + like:8': [("golden retriever", 2), ("8", 1)],
    'like:9 - "2:sports car" + "2:snow"': [("9", 1), ("sports car", -2), ("snow", 2)],
    ".5:dog + 1.5:snow": [("dog", 0.5), ("snow", 1.5)],
}


@pytest.mark.parametrize("line", RCLIP)
def test_sums_are_written_as_in_rclip(line: str) -> None:
    assert [(part.value, part.weight) for part in parse_query(line).parts] == RCLIP[line]


SINGLE: dict[str, Part | Condition] = {
    "a white dog": Part(value="a white dog"),
    "a portrait of a woman": Part(value="a portrait of a woman"),
    '"portrait"': Part(value="portrait"),
    "Landscape": Condition(key="is", value="landscape"),
    "-tag:beach": Condition(key="tag", value="beach", is_negative=True),
    "TAG:Beach": Condition(key="tag", value="Beach"),
    'tag:"two words"': Condition(key="tag", value="two words"),
    "- two words": Part(value="two words", weight=-1),
    "\N{MINUS SIGN}snow": Part(value="snow", weight=-1),
    "0.5:like:3": Part(value="3", is_example=True, weight=0.5),
    "a well-known dog": Part(value="a well-known dog"),
    "the 10:30 train": Part(value="the 10:30 train"),
    "16:9": Part(value="16:9"),
    '1:"2:one draw"': Part(value="2:one draw"),
    '"an open quotation': Part(value="an open quotation"),
}


@pytest.mark.parametrize("line", SINGLE)
def test_a_line_of_one_item(line: str) -> None:
    assert parse_query(line) == Query((SINGLE[line],))


def test_a_sign_written_to_a_word_takes_that_word_alone() -> None:
    assert [str(part) for part in parse_query("dog -snow at night").parts] == ['"dog"', '-"snow"', '"at night"']


@pytest.mark.parametrize("line", ["colour:red dog", "like: dog", "0:dog", "50:dog", "-by:me", "by:", 'by:""'])
def test_what_cannot_be_read_is_said(line: str) -> None:
    assert len(parse_query(line).problems) == 1


def test_too_many_parts_are_said() -> None:
    query = parse_query(" ".join(f"-word{number}" for number in range(MAX_ITEMS + 5)))
    assert (len(query.items), len(query.problems)) == (MAX_ITEMS, 1)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    parse_query(text)


WORDS = st.lists(
    st.sampled_from(["dog", "portrait", "a", "red-brown", "it's", "7", "2:1", "2:a", "by"]), min_size=1, max_size=3
)
WEIGHTS = st.sampled_from([1.0, -1.0, 2.0, -0.5])
PARTS = st.builds(lambda words, weight: Part(value=" ".join(words), weight=weight), WORDS, WEIGHTS)
EXAMPLES = st.builds(lambda number, weight: like(number, weight=weight), st.integers(1, 999), WEIGHTS)
CONDITIONS = st.builds(
    lambda value: Condition(key="tag", value=value), st.sampled_from(["sea", "two words", "-", "a:b"])
)


@given(st.lists(st.one_of(PARTS, EXAMPLES, CONDITIONS), max_size=6))
def test_a_query_written_down_is_read_as_the_same(items: list[Part | Condition]) -> None:
    query = Query(tuple(items))
    assert parse_query(str(query)) == query


def test_a_plain_sentence_needs_no_quotation_marks() -> None:
    assert str(parse_query("a white dog by:me")) == "a white dog by:me"


def test_an_example_gets_a_new_weight_instead_of_standing_there_twice() -> None:
    assert str(parse_query("dog like:5").with_item(like(5, weight=-1))) == "dog -like:5"
