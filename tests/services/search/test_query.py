"""The language of the search box."""

# ruff: noqa: RUF001

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.query import MAX_ITEMS, Query, Term, make_example_term, parse_query


def test_whole_language_is_parsed_in_one_query() -> None:
    line = '"red car" -snow like:123 by:me in:"Summer 2025" after:2025-06 before:2025-09 portrait min:2000px'
    assert parse_query(line) == Query(
        (
            Term(value="red car"),
            Term(value="snow", weight=-1),
            make_example_term(123),
            FilterTerm(key="by", value="me"),
            FilterTerm(key="in", value="Summer 2025"),
            FilterTerm(key="after", value="2025-06"),
            FilterTerm(key="before", value="2025-09"),
            FilterTerm(key="is", value="portrait"),
            FilterTerm(key="min", value="2000px"),
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
    assert [(term.value, term.weight) for term in parse_query(line).terms] == RCLIP[line]


SINGLE: dict[str, Term | FilterTerm] = {
    "a white dog": Term(value="a white dog"),
    "a portrait of a woman": Term(value="a portrait of a woman"),
    '"portrait"': Term(value="portrait"),
    "Landscape": FilterTerm(key="is", value="landscape"),
    "-tag:beach": FilterTerm(key="tag", value="beach", is_negative=True),
    "TAG:Beach": FilterTerm(key="tag", value="Beach"),
    'tag:"two words"': FilterTerm(key="tag", value="two words"),
    "- two words": Term(value="two words", weight=-1),
    "\N{MINUS SIGN}snow": Term(value="snow", weight=-1),
    "0.5:like:3": Term(value="3", is_example=True, weight=0.5),
    "a well-known dog": Term(value="a well-known dog"),
    "the 10:30 train": Term(value="the 10:30 train"),
    "16:9": Term(value="16:9"),
    '1:"2:one draw"': Term(value="2:one draw"),
    "“a typographic quotation”": Term(value="a typographic quotation"),
    r'tag:"two \"quoted\" words"': FilterTerm(key="tag", value='two "quoted" words'),
    "1,5:dog": Term(value="dog", weight=1.5),
    "tag：海": FilterTerm(key="tag", value="海"),
    "+-snow": Term(value="snow", weight=-1),
}


@pytest.mark.parametrize("line", SINGLE)
def test_query_of_one_item_is_parsed(line: str) -> None:
    assert parse_query(line) == Query((SINGLE[line],))


def test_sign_applies_to_the_adjacent_word_only() -> None:
    assert [str(part) for part in parse_query("dog -snow at night").terms] == ['"dog"', '-"snow"', '"at night"']


UNREADABLE = ["colour:red dog", "like: dog", "0:dog", "50:dog", "1000:dog", "-by:me", "by:", 'by:""', "-in:Animals"]
UNREADABLE += [
    "tag: dog",
    '"an open quotation',
    'in:"Animals red',
    'in:Animals" red',
    "dog “",
    r'in:"a\"',
    "коллекция:Лето",
]
UNREADABLE += ["added_after:2025", "in : Animals", "in :Animals", "IN ：Animals"]


@pytest.mark.parametrize("line", UNREADABLE)
def test_unreadable_parts_are_reported(line: str) -> None:
    assert len(parse_query(line).problems) == 1


def test_too_many_parts_are_reported() -> None:
    query = parse_query(" ".join(f"-word{number}" for number in range(MAX_ITEMS + 5)))
    assert len(query.problems) == 1
    assert parse_query(str(query)).problems == query.problems


def test_unknown_filter_suggests_a_known_one() -> None:
    (problem,) = parse_query("taggs:sea").problems
    assert "Did you mean “tag:”?" in problem.sentence


SPECIAL_PARTS = st.sampled_from(
    ['"', "\\", "“", "«", "1.5:", "：", " ", "-", "+", "2:", "dog", "by:", "like:", "7", ":", ".", "/"]
)


@given(st.one_of(st.text(max_size=200), st.lists(SPECIAL_PARTS, max_size=14).map("".join)))
def test_every_text_can_be_parsed_and_written_again(text: str) -> None:
    query = parse_query(text)
    assert parse_query(str(query)).items == query.items
    parts = [problem.part for problem in query.problems if problem.part]
    assert [problem.part for problem in parse_query(str(query)).problems if problem.part] == parts


def test_example_name_with_blanks_stays_one_part() -> None:
    assert str(parse_query('like:"a b" dog')) == 'like:"a b" dog'


WORDS = st.lists(
    st.sampled_from(["dog", "portrait", "a", "red-brown", "it's", "7", "2:1", "2:a", "by"]), min_size=1, max_size=3
)
ODD_VALUES = ["sea", "two words", "-", "a:b", 'a "b" c', "a\\", "“a”", "//a", '"', "👨‍👩‍👧"]
WEIGHTS = st.sampled_from([1.0, -1.0, 2.0, -0.5])
PARTS = st.builds(lambda words, weight: Term(value=" ".join(words), weight=weight), WORDS, WEIGHTS)
EXAMPLES = st.builds(lambda number, weight: make_example_term(number, weight=weight), st.integers(1, 999), WEIGHTS)
CONDITIONS = st.builds(
    lambda value: FilterTerm(key="tag", value=value),
    st.sampled_from(ODD_VALUES),
)


@given(st.lists(st.one_of(PARTS, EXAMPLES, CONDITIONS), max_size=6))
def test_formatted_query_is_parsed_to_the_same_query(items: list[Term | FilterTerm]) -> None:
    query = Query(tuple(items))
    assert parse_query(str(query)) == query


def test_plain_sentence_needs_no_quotation_characters() -> None:
    assert str(parse_query("a white dog by:me")) == "a white dog by:me"


def test_repeated_example_changes_its_weight() -> None:
    assert str(parse_query("dog like:5").add(make_example_term(5, weight=-1))) == "dog -like:5"


@pytest.mark.parametrize(
    ("line", "sign", "text"),
    [
        ("a white dog by:me", -1, "a white dog by:me -0.3:like:5"),
        ("a white dog", 1, "a white dog 0.3:like:5"),
        ("a white dog 0.3:like:5", -1, "a white dog -0.3:like:5"),
        ("", 1, "like:5"),
        ("by:me", -1, "by:me -like:5"),
        ("like:5", -1, "-like:5"),
        ("like:7", 1, "like:7 like:5"),
        ("like:7", -1, "like:7 -0.3:like:5"),
    ],
)
def test_added_example_weighs_less_than_the_rest_of_the_query(line: str, sign: int, text: str) -> None:
    query = parse_query(line).add_example(5, sign=sign)
    assert str(query) == text
    assert parse_query(text) == query
