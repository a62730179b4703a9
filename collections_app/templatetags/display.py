"""Words that templates put together: counts, roles, stored reasons, and allauth's headings."""

import re

from django import template
from django.utils.translation import gettext, ngettext_lazy

from collections_app.messages import counted
from collections_app.models import Role

register = template.Library()

_LATER_WORD = re.compile(r"(?<=[\s-])[A-Z](?=[a-z])")
_PICTURES = ngettext_lazy("%(number)s picture", "%(number)s pictures", "count")
_MEMBERS = ngettext_lazy("%(number)s member", "%(number)s members", "count")
_COLLECTIONS = ngettext_lazy("%(number)s collection", "%(number)s collections", "count")


@register.filter
def pictures(count: int) -> str:
    return counted(_PICTURES, count)


@register.filter
def members(count: int) -> str:
    return counted(_MEMBERS, count)


@register.filter
def collections(count: int) -> str:
    return counted(_COLLECTIONS, count)


@register.filter
def role_name(role: str) -> str:
    return str(Role(role).label)


@register.filter
def translated(reason: str) -> str:
    """Return a sentence of ours that was stored in English, in the reader's language."""
    return gettext(reason)


@register.filter(is_safe=True)
def sentence_case(text: str) -> str:
    """allauth's English puts Capitals In Its Headings; this site does not: keep the first word and abbreviations, lower
    all else. For fixed wording only: it does not know names."""
    return _LATER_WORD.sub(lambda letter: letter[0].lower(), text.strip())
