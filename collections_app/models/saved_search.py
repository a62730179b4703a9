"""A named search. It runs each time it is opened, with the rights of the person who opens it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.names import NameField
from collections_app.models.stored_query import StoredQuery
from collections_app.models.team import Membership, Role, Team
from collections_app.models.user import User


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    def visible_to(self, user: User) -> Self:
        """The user's own searches, and those shared with the user's teams."""
        return self.filter(Q(maker=user) | Q(team__in=Membership.objects.team_ids_of(user)))

    def unshare_allowed_for(self, user: User) -> Self:
        """Shared searches that the user may unshare: as the maker, or as an owner of the team."""
        return self.exclude(team=None).filter(
            Q(maker=user) | Q(team__in=Membership.objects.team_ids_of(user, Role.OWNER))
        )

    def with_unshare_permission(self, user: User) -> Self:
        """Add `can_unshare`: whether the user may unshare it."""
        allowed = SavedSearch.objects.unshare_allowed_for(user).filter(pk=models.OuterRef("pk"))
        return self.select_related("maker", "team").annotate(can_unshare=models.Exists(allowed))

    def own_first(self, user: User) -> Self:
        return self.order_by(models.Case(models.When(maker=user, then=0), default=1), Lower("name"), "pk")


class SavedSearch(StoredQuery, models.Model):
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches")
    name = NameField(max_length=100)
    query = models.TextField(help_text=_("The query string of the address."))
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="searches",
        help_text=_("The team it is shared with."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SavedSearchQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class SearchVisit(models.Model):
    """The time at which a person last opened a saved search. Later matches are new to them."""

    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="visits")
    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    visited_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "viewer"], name="search_visit_once_per_person")]

    def __str__(self) -> str:
        return f"{self.viewer} saw {self.search}"
