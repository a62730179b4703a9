"""allauth's English puts Capitals In Its Headings; this site does not."""

import re

from django import template

register = template.Library()

_LATER_WORD = re.compile(r"(?<=[\s-])[A-Z](?=[a-z])")


@register.filter(is_safe=True)
def sentence_case(text: str) -> str:
    """Keep the first word and abbreviations, lower all else. For fixed wording only: it does not know names."""
    return _LATER_WORD.sub(lambda letter: letter[0].lower(), text.strip())
