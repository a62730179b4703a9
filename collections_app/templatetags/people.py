"""Initials of people and teams, in a colour that stays the same."""

import re

from django import template

register = template.Library()

_COLOURS = 6
_WORD_ENDS = re.compile(r"[\s._+-]+")


@register.filter
def initials(name: str) -> str:
    """Return the first letters of the first and the last word; of an address, of the part before the @."""
    words = [word for word in _WORD_ENDS.split(name.partition("@")[0]) if word]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


@register.filter
def person_colour(number: int | None) -> int:
    """Return the number of a CSS class for a person or team with this key."""
    return (number or 0) % _COLOURS
