"""Errors and counts in the reader's language."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext

from collections_app.errors import ImageSearchError, Value, gettext_noop


def describe_error(error: ImageSearchError) -> str:
    sentence = gettext(error.sentence)
    return sentence % {name: _localize(value) for name, value in error.values.items()} if error.values else sentence


def format_count(sentence: Promise, count: int, **values: object) -> str:
    """Return an `ngettext_lazy(…, "count")` in the form for `count`, which it shows as %(number)s."""
    return str(sentence % {"count": count, "number": intcomma(count), **values})


def _localize(value: Value) -> str:
    """Translate our own words and format numbers. Other strings are names that people gave, and stay."""
    if isinstance(value, gettext_noop):
        return gettext(value)
    return value if isinstance(value, str) else number_format(value, force_grouping=True)
