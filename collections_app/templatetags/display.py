"""Filters for text: counts, roles, stored reasons, and allauth's headings."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy

from collections_app.messages import format_count
from collections_app.models import Role
from collections_app.models.share import ShareRole

register = template.Library()

_ADDRESS = re.compile(r"\S+@\S+")
_BREAKS = re.compile(r"(?<=.)(?=[@.])")
_LATER_WORD = re.compile(r"(?<=[\s-])[A-Z](?=[a-z])")
_MORE_PICTURES = ngettext_lazy("more than %(number)s picture", "more than %(number)s pictures", "count")
_PICTURES = ngettext_lazy("%(number)s picture", "%(number)s pictures", "count")
_MEMBERS = ngettext_lazy("%(number)s member", "%(number)s members", "count")
_COLLECTIONS = ngettext_lazy("%(number)s collection", "%(number)s collections", "count")


@register.filter
def picture_count(count: int) -> str:
    return format_count(_PICTURES, count)


@register.filter
def more_pictures(count: int) -> str:
    """Say that there are more than the counted pictures."""
    return format_count(_MORE_PICTURES, count)


@register.filter
def member_count(count: int) -> str:
    return format_count(_MEMBERS, count)


@register.filter
def collection_count(count: int) -> str:
    return format_count(_COLLECTIONS, count)


@register.filter
def role_name(role: str) -> str:
    return str(Role(role).label)


@register.filter
def permission_name(role: str) -> str:
    """Return the name of a role in one shared collection."""
    return str(ShareRole(role).label)


@register.filter
def translated(reason: str) -> str:
    """Translate one of our sentences that is stored in English."""
    return gettext(reason)


@register.filter
def breakable(name: object) -> SafeString:
    """Escape a name for a heading. Email addresses in it may break before "@" and "." instead of anywhere."""
    text = conditional_escape(str(name))
    return SafeString(_ADDRESS.sub(lambda address: _BREAKS.sub("<wbr>", address[0]), text))


@register.filter(is_safe=True)
def sentence_case(text: str) -> str:
    """Lower-case allauth's Capitalised Headings but for the first word and abbreviations. Not for text with names."""
    return _LATER_WORD.sub(lambda letter: letter[0].lower(), text.strip())
