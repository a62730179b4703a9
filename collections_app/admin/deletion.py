"""Deletion of rows to which many pictures belong, in short transactions."""

from functools import partial
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest


class ChunkedDeletionAdmin(ModelAdmin[Any]):
    """Deletes rows after the transaction of Django's page, which would contain the deletion of all pictures."""

    def delete_row(self, row: Any) -> None:
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        transaction.on_commit(partial(self.delete_row, obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)
