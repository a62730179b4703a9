"""Captions of scenes, and which of them are true."""

import random

import pytest

from collections_app.demo.captions import SYNONYMS, Caption, Wish, build_title, make_plural, sample_caption
from collections_app.demo.queries import WHITE_DOG, build_query_families
from collections_app.demo.scenes import Group, Scene, sample_scene

TWO_DOGS = Scene(groups=(Group(kind="dog", colour="white", count=2),), surrounding="snow", seed=1)
PAIR = Scene(
    groups=(Group(kind="umbrella", colour="orange"), Group(kind="dog", colour="black")), surrounding="sea", seed=1
)


def test_title_names_count_colour_thing_and_surrounding() -> None:
    assert build_title(TWO_DOGS) == "Two white dogs in the snow"


def test_the_title_of_a_pair_names_both_things() -> None:
    assert build_title(PAIR) == "An orange umbrella and a black dog on the sea"


@pytest.mark.parametrize(
    ("noun", "plural"),
    [("dog", "dogs"), ("fish", "fish"), ("butterfly", "butterflies"), ("puppy", "puppies"), ("daisy", "daisies")],
)
def test_plurals_are_english(noun: str, plural: str) -> None:
    assert make_plural(noun) == plural


def test_sampled_captions_are_true_of_their_scenes() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        scene = sample_scene(rng)
        assert sample_caption(scene, rng).is_true_of(scene)


def test_a_caption_names_the_facts_that_it_claims() -> None:
    rng = random.Random(6)
    for _ in range(500):
        scene = sample_scene(rng)
        caption = sample_caption(scene, rng)
        for wish in caption.wishes:
            words = [wish.kind, *SYNONYMS.get(wish.kind, ())] if wish.kind else []
            assert not words or any(word in caption.text or make_plural(word) in caption.text for word in words)
            assert wish.colour in (None, "purple") or str(wish.colour) in caption.text


def test_white_dog_is_not_a_black_dog_or_a_white_thing_beside_a_dog() -> None:
    beside = Scene(
        groups=(Group(kind="cat", colour="white"), Group(kind="dog", colour="red")), surrounding="sea", seed=1
    )
    assert WHITE_DOG.is_true_of(TWO_DOGS)
    assert not WHITE_DOG.is_true_of(PAIR)
    assert not WHITE_DOG.is_true_of(beside)


def test_count_and_surrounding_are_checked() -> None:
    assert not Caption(text="three dogs", wishes=(Wish(kind="dog", count=3),)).is_true_of(TWO_DOGS)
    assert not Caption(text="at night", surrounding="night").is_true_of(TWO_DOGS)


def test_samples_include_the_short_words_people_type() -> None:
    rng = random.Random(8)
    texts = {sample_caption(TWO_DOGS, rng).text for _ in range(3000)}
    assert {"dog", "dogs", "white", "snow", "a white dog", "white puppy", "two white dogs"} <= texts


def test_no_query_occurs_twice() -> None:
    texts = [query.text for queries in build_query_families().values() for query in queries]
    assert len(texts) == len(set(texts))
