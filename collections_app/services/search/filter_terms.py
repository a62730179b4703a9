"""Filters as people write them, and the lookups that their values need."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet

from collections_app.models import Favourite, Image, User
from collections_app.models.names import fold_name
from collections_app.services.search.quoting import quote_value

_MAX_UPLOADERS = 100
_MAX_SUGGESTED_UPLOADERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterTerm:
    """A filter as a person wrote it: `key:value`, or `-key:value` (`is_negative`)."""

    key: str
    value: str
    is_negative: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.is_negative else ''}{self.key}:{quote_value(self.value)}"


class InvalidFilter(Exception):
    """The value of a filter cannot be used. The message is a translated sentence.

    `known` contains valid values, so that a similar one can be suggested. The person may see all of them.
    """

    def __init__(self, sentence: str, *, known: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.known = known


class FilterContext:
    """Lookups that filters need to read their values. All `by:` filters of a query share one statement."""

    def __init__(self, user: User, terms: Iterable[FilterTerm]) -> None:
        self.user = user
        self._names = {term.value for term in terms if term.key == "by" and term.value.lower() != "me"}

    def find_uploaders(self, name: str) -> list[int]:
        """Return the ids of the people with this name who uploaded pictures that the user may see."""
        if name.lower() == "me":
            return [self.user.pk]
        address, folded = name.lower(), fold_name(name)
        return [
            pk
            for pk, email, display_name in self._uploaders
            if email == address or email.startswith(f"{address}@") or (folded and display_name == folded)
        ]

    @cached_property
    def favourite_ids(self) -> tuple[int, ...]:
        """The ids of the user's favourites that they may see. Favourites are limited in number."""
        return tuple(Favourite.objects.visible_to(self.user).values_list("image", flat=True))

    @cached_property
    def uploader_names(self) -> list[str]:
        """The values to suggest after `by:`: display names, and the part of each address before the @."""
        people = self._visible_uploaders.order_by("pk").values_list("display_name", "email")[:_MAX_SUGGESTED_UPLOADERS]
        names = {name: None for person in people for name in (person[0], person[1].partition("@")[0]) if name}
        return ["me", *names]

    @cached_property
    def _uploaders(self) -> list[tuple[int, str, str]]:
        """Their ids, addresses and folded display names. Several people may have the same display name."""
        named = Q()
        for name in self._names:
            named |= Q(email__iexact=name) | Q(email__istartswith=f"{name}@")
            if folded := fold_name(name):
                named |= Q(folded_display_name=folded)
        people = self._visible_uploaders.filter(named)
        rows = people.values_list("pk", "email", "folded_display_name")[:_MAX_UPLOADERS]
        return [(pk, email.lower(), display_name) for pk, email, display_name in rows]

    @property
    def _visible_uploaders(self) -> QuerySet[User]:
        return User.objects.filter(pk__in=Image.objects.visible_to(self.user).values("uploader"))
