"""What recent and saved searches share: the query string of the search page."""

from functools import cached_property

from django.http import QueryDict


class StoredQuery:
    """`scope_name` is the name of the collection or team that is searched, once `add_scope_names` has set it."""

    query: str
    scope_name: str = ""

    @cached_property
    def parameters(self) -> QueryDict:
        return QueryDict(self.query)

    @property
    def text(self) -> str:
        return self.parameters.get("q") or ""
