"""The people and teams with access to a collection, as far as a person may know them."""

from collections.abc import Sequence
from dataclasses import dataclass

from collections_app.models import Collection, Membership, Share

_MAX_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """A person or team; `number` selects the colour of the initials."""

    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The first people and teams with access, and the number of the others."""

    shown: Sequence[AccessEntry] = ()
    more_count: int = 0


def list_access(collection: Collection, *, role: str, can_see_shares: bool) -> Access:
    """Return what a person with this `role` in the team (empty: none) may see.

    Members see the members of the team, and owners also the shares. Other people see nobody. The number of statements
    is constant.
    """
    if not role:
        return Access()
    members = Membership.objects.filter(team=collection.team_id).select_related("user").order_by("pk")
    shares = Share.objects.filter(collection=collection).with_people().order_by("pk")
    if not can_see_shares:
        shares = shares.none()
    people = [AccessEntry(name=each.user.name, number=each.user_id) for each in members[:_MAX_SHOWN]]
    others = shares[: _MAX_SHOWN - len(people)] if len(people) < _MAX_SHOWN else ()
    people += [
        AccessEntry(name=each.user.name if each.user else str(each.team), number=each.user_id or each.team_id or 0)
        for each in others
    ]
    count = members.count() + shares.count()
    return Access(shown=people, more_count=count - len(people))
