"""What recent and saved searches have in common: the query string of the address that asks."""

from functools import cached_property

from django.http import QueryDict


class StoredQuery:
    """`place` is the name of the collection or team that it is narrowed to, once `name_places` has looked it up."""

    query: str
    place: str = ""

    @cached_property
    def asked(self) -> QueryDict:
        return QueryDict(self.query)

    @property
    def text(self) -> str:
        return self.asked.get("q") or ""
