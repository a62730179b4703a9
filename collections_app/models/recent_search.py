"""A search that a person made recently. Nobody else sees it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.stored_query import StoredQuery
from collections_app.models.user import User

# The query string and the user's id have to fit into one row of PostgreSQL's index.
MAX_STORED_QUERY_LENGTH = 2000


class RecentSearchQuerySet(models.QuerySet["RecentSearch"]):
    def made_by(self, user: User) -> Self:
        """The user's searches, latest first."""
        return self.filter(user=user).order_by("-searched_at", "-pk")


class RecentSearch(StoredQuery, models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recent_searches")
    query = models.CharField(max_length=MAX_STORED_QUERY_LENGTH, help_text=_("The query string of the address."))
    searched_at = models.DateTimeField(default=timezone.now)

    objects = RecentSearchQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "query"], name="recent_search_once_per_person")]

    def __str__(self) -> str:
        return self.text
