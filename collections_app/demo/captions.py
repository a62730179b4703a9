"""Captions of scenes: synonyms, templates, and the title of a scene."""

from __future__ import annotations

import random
from dataclasses import dataclass

from collections_app.demo.scenes import Group, Scene

SYNONYMS: dict[str, tuple[str, ...]] = {
    "dog": ("puppy", "doggy"),
    "cat": ("kitten", "kitty"),
    "bird": ("birdie",),
    "rabbit": ("bunny", "hare"),
    "turtle": ("tortoise",),
    "car": ("automobile", "auto"),
    "boat": ("ship", "sailboat", "yacht"),
    "house": ("home", "building"),
    "flower": ("blossom", "daisy"),
    "sun": ("sunshine",),
    "bicycle": ("bike",),
    "plane": ("aeroplane", "airplane", "aircraft"),
    "cup": ("mug", "teacup"),
    "umbrella": ("parasol",),
    "chair": ("seat",),
    "clock": ("alarm clock",),
    "book": ("novel",),
    "hat": ("top hat",),
}
PURPLE_WORDS = ("violet",)
SURROUNDING_PHRASES: dict[str, tuple[str, ...]] = {
    "grass": ("on the grass", "in a meadow", "on a green field", "in the park", "on grass"),
    "sea": ("on the sea", "at sea", "by the sea", "in the water", "on the ocean", "in the sea"),
    "snow": ("in the snow", "in winter", "in snow", "on snow"),
    "night": ("at night", "in the night", "in the dark", "after dark"),
    "room": ("in a room", "indoors", "inside", "at home", "in the room"),
    "desert": ("in the desert", "on the sand", "in a desert"),
    "sky": ("in the sky", "among the clouds", "in the air", "in the clouds"),
}
SURROUNDING_WORDS: dict[str, tuple[str, ...]] = {
    "grass": ("grass", "meadow", "field", "park"),
    "sea": ("sea", "ocean", "water"),
    "snow": ("snow", "winter"),
    "night": ("night", "dark"),
    "room": ("room", "indoors"),
    "desert": ("desert", "sand"),
    "sky": ("sky", "clouds"),
}
COUNT_WORDS = {1: ("one", "a single"), 2: ("two", "2", "a pair of"), 3: ("three", "3")}
MEDIA = ("", "", "", "", "", "", "a photo of ", "a picture of ", "a drawing of ", "an image of ", "a photo of the ")
_UNCHANGED_PLURALS = {"fish", "aircraft"}
_DOT_CHANCE = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing that a caption names. None matches any value."""

    kind: str | None = None
    colour: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """A text, and the facts that a scene needs for it to be true."""

    text: str
    wishes: tuple[Wish, ...] = ()
    surrounding: str | None = None

    def is_true_of(self, scene: Scene) -> bool:
        if self.surrounding not in (None, scene.surrounding):
            return False
        return all(any(_is_fulfilled_by(group, wish) for group in scene.groups) for wish in self.wishes)


def build_title(scene: Scene) -> str:
    """Return the title of a scene, such as "Two white dogs in the snow"."""
    things = " and ".join(_count_phrase(group) for group in scene.groups)
    caption = f"{things} {SURROUNDING_PHRASES[scene.surrounding][0]}"
    return caption[0].upper() + caption[1:]


def make_plural(noun: str) -> str:
    """Return the English plural, for the nouns of this module only."""
    if noun in _UNCHANGED_PLURALS:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith(("fly", "ppy", "nny", "tty", "ggy", "sy")) else f"{noun}s"


def add_article(words: str) -> str:
    """Return the words after "a" or "an"."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def sample_caption(scene: Scene, rng: random.Random) -> Caption:
    """Return a random true caption. Short queries are as likely as whole sentences."""
    if rng.random() < 0.07:
        return _sample_surrounding_word(scene, rng)
    if len(scene.groups) > 1 and rng.random() < 0.6:
        return _sample_pair(scene, rng)
    return _sample_single(scene, rng.choice(scene.groups), rng)


def _is_fulfilled_by(group: Group, wish: Wish) -> bool:
    return wish.kind in (None, group.kind) and wish.colour in (None, group.colour) and wish.count in (None, group.count)


def _count_phrase(group: Group) -> str:
    if group.count == 1:
        return add_article(f"{group.colour} {group.kind}")
    return f"{COUNT_WORDS[group.count][0]} {group.colour} {make_plural(group.kind)}"


def _sample_surrounding_word(scene: Scene, rng: random.Random) -> Caption:
    word = rng.choice(SURROUNDING_WORDS[scene.surrounding] + SURROUNDING_PHRASES[scene.surrounding])
    return Caption(text=_finish(word, rng), surrounding=scene.surrounding)


def _sample_pair(scene: Scene, rng: random.Random) -> Caption:
    named = [_name_group(group, rng) for group in rng.sample(scene.groups, 2)]
    joint = rng.choice((" and ", " and ", " with ", ", ", " next to "))
    text = joint.join(add_article(words) for words, _ in named)
    return _add_surrounding(text, tuple(wish for _, wish in named), scene, rng)


def _sample_single(scene: Scene, group: Group, rng: random.Random) -> Caption:
    draw = rng.random()
    if draw < 0.04:
        return Caption(text=_finish(_choose_colour_word(group.colour, rng), rng), wishes=(Wish(colour=group.colour),))
    noun = _choose_noun(group.kind, rng)
    if draw < 0.14:
        text = rng.choice((noun, noun, add_article(noun), make_plural(noun)))
        return Caption(text=_finish(text, rng), wishes=(Wish(kind=group.kind),))
    if draw < 0.5:
        return _sample_plain(group, noun, rng)
    return _sample_sentence(scene, group, noun, rng)


def _sample_plain(group: Group, noun: str, rng: random.Random) -> Caption:
    words = f"{_choose_colour_word(group.colour, rng)} {noun}"
    text = rng.choice((words, add_article(words), add_article(words), add_article(words)))
    return Caption(text=_finish(text, rng), wishes=(Wish(kind=group.kind, colour=group.colour),))


def _sample_sentence(scene: Scene, group: Group, noun: str, rng: random.Random) -> Caption:
    colour = group.colour if rng.random() < 0.75 else None
    count = group.count if rng.random() < 0.6 and (group.count > 1 or rng.random() < 0.3) else None
    before = f"{_choose_colour_word(colour, rng)} " if colour else ""
    wishes = (Wish(kind=group.kind, colour=colour, count=count),)
    if count is None:
        return _add_surrounding(add_article(before + noun), wishes, scene, rng)
    nouns = noun if count == 1 else make_plural(noun)
    return _add_surrounding(f"{rng.choice(COUNT_WORDS[count])} {before}{nouns}", wishes, scene, rng)


def _add_surrounding(text: str, wishes: tuple[Wish, ...], scene: Scene, rng: random.Random) -> Caption:
    if rng.random() < 0.5:
        return Caption(text=_finish(text, rng), wishes=wishes)
    phrase = rng.choice(SURROUNDING_PHRASES[scene.surrounding])
    return Caption(text=_finish(f"{text} {phrase}", rng), wishes=wishes, surrounding=scene.surrounding)


def _name_group(group: Group, rng: random.Random) -> tuple[str, Wish]:
    words = f"{_choose_colour_word(group.colour, rng)} {_choose_noun(group.kind, rng)}"
    return words, Wish(kind=group.kind, colour=group.colour)


def _choose_colour_word(colour: str, rng: random.Random) -> str:
    return rng.choice(PURPLE_WORDS) if colour == "purple" and rng.random() < 0.2 else colour


def _choose_noun(kind: str, rng: random.Random) -> str:
    synonyms = SYNONYMS.get(kind, ())
    return rng.choice(synonyms) if synonyms and rng.random() < 0.25 else kind


def _finish(text: str, rng: random.Random) -> str:
    medium = rng.choice(MEDIA)
    text = text.removeprefix("a ").removeprefix("an ") if medium.endswith("the ") else text
    return f"{medium}{text}{'.' if rng.random() < _DOT_CHANCE else ''}"
