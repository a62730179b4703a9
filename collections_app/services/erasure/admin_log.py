"""The administration's log: its entries about an account or a team, and those with an address of the account."""

import json
import re
from collections.abc import Iterator

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from collections_app.chunks import iterate_chunks
from collections_app.models import Erasure, ErasureKind, Team, User

_IDS_PER_STATEMENT = 500
# An address ends where no character can belong to it, so that those of other people do not match: xa@b.org, a@b.org.uk.
_BEFORE = r"(?<![\w.!#$%&*+/=?^`{|}~-])(?<!\w')"
_AFTER = r"(?![\w-]|\.\w)"


def find_log_entries(erasure: Erasure) -> list[int]:
    """Return the ids of the entries. Entries about rows of other kinds, such as members, also contain addresses."""
    kind = ContentType.objects.get_for_model(Team if erasure.kind == ErasureKind.TEAM else User)
    about = LogEntry.objects.filter(content_type=kind, object_id=str(erasure.subject_id))
    found = set(about.values_list("pk", flat=True))
    for address in erasure.addresses:
        found.update(_find_entries_with(address))
    return sorted(found)


def delete_log_entries(erasure: Erasure) -> None:
    for chunk in iterate_chunks(find_log_entries(erasure), _IDS_PER_STATEMENT):
        LogEntry.objects.filter(pk__in=chunk).delete()


def _find_entries_with(address: str) -> Iterator[int]:
    pattern = re.compile(_BEFORE + re.escape(address) + _AFTER, re.IGNORECASE)
    escaped = json.dumps(address)[1:-1]  # Django stores most messages as JSON
    of_text = Q(object_repr__icontains=address) | Q(change_message__icontains=address)
    for entry in LogEntry.objects.filter(of_text | Q(change_message__icontains=escaped)).iterator():
        if pattern.search(entry.object_repr) or pattern.search(entry.get_change_message()):
            yield entry.pk
