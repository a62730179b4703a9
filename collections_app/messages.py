"""Errors and counts in the reader's language. Called by whatever speaks to people."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext

from collections_app.errors import ImageSearchError, Value, gettext_noop


def in_words(error: ImageSearchError) -> str:
    sentence = gettext(error.sentence)
    return sentence % {name: _local(value) for name, value in error.values.items()} if error.values else sentence


def counted(sentence: Promise, count: int, **values: object) -> str:
    """Return the form for `count` of an `ngettext_lazy(…, "count")`, which shows it as %(number)s."""
    return str(sentence % {"count": count, "number": intcomma(count), **values})


def _local(value: Value) -> str:
    """Names that people have given stay as they are, even where they are words of ours."""
    if isinstance(value, gettext_noop):
        return gettext(value)
    return value if isinstance(value, str) else number_format(value, force_grouping=True)
