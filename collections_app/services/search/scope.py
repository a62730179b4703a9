"""The scope of a search: the teams and collections that a person may see, or some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from collections_app.models import Collection, Image, Membership, Share, Team, User
from collections_app.models.image import ImageQuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The scope of a search. `images` decides what may be shown; the index searches the teams and single collections.

    `collections` maps the ids of collections to the ids of their teams.
    """

    images: ImageQuerySet
    team_ids: Sequence[int] = ()
    collections: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.team_ids and not self.collections

    @property
    def all_team_ids(self) -> list[int]:
        """The teams whose partitions a search reads."""
        return sorted({*self.team_ids, *self.collections.values()})


class VisibleScopes:
    """The teams and collections that a user may see. Each list is read when it is first needed."""

    def __init__(self, user: User) -> None:
        self._user = user

    @cached_property
    def teams(self) -> list[Team]:
        return list(Team.objects.visible_to(self._user))

    @cached_property
    def collections(self) -> list[Collection]:
        return list(Collection.objects.visible_to(self._user).select_related("team"))


def resolve_visible_scope(user: User) -> Scope:
    """Return everything that the user may see: their teams, and collections of other teams shared with them."""
    own = list(Membership.objects.team_ids_of(user).values_list("team", flat=True))
    shared = Share.objects.granting_access_to(user).filter(collection__trashed_at=None)
    places = dict(shared.values_list("collection", "collection__team"))
    return Scope(
        images=Image.objects.visible_to(user),
        team_ids=own,
        collections={collection: team for collection, team in places.items() if team not in own},
    )


def limit_scope_to_collections(collections: Sequence[Collection]) -> Scope:
    """The caller checks that the user may see the collections."""
    images = Image.objects.not_trashed().filter(collection__in=collections)
    return Scope(images=images, collections={each.pk: each.team_id for each in collections})
