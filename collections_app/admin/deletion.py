"""Deletion of rows to which many pictures belong, in short transactions."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from collections_app.admin.audit_trail import AuditedAdmin, get_staff
from collections_app.models import User


class ChunkedDeletionAdmin(AuditedAdmin):
    """Deletes rows after the transaction of Django's page, which would contain the deletion of all pictures.

    The services that delete also record this.
    """

    records_deletions = False

    def delete_row(self, row: Any, deleter: User) -> None:
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        transaction.on_commit(partial(self.delete_row, obj, get_staff(request)))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)
