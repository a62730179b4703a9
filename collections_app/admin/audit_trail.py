"""The audit trail in the administration: read-only, and recording what staff change here."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from collections_app.activity import describe_event, name_actor
from collections_app.models import AuditAction, AuditEvent, Team, User
from collections_app.services.audit_trail import record_event


class AuditedAdmin(ModelAdmin[Any]):
    """Records in the audit trail what staff add, change and delete, where no service does so.

    These methods run in the transaction of Django's page.
    """

    records_deletions = True

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        record_staff_event(request, AuditAction.ADDED_BY_STAFF, obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if fields := _list_changed_fields(message):
            record_staff_event(request, AuditAction.CHANGED_BY_STAFF, obj, fields=fields)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset if self.records_deletions else ():
            record_staff_event(request, AuditAction.DELETED_BY_STAFF, row)
        return super().log_deletions(request, queryset)


class ReadOnlyAdmin(ModelAdmin[Any]):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "who", "team_name", "sentence"]
    list_filter = ["action"]
    list_select_related = ["actor", "person"]
    search_fields = ["actor_name", "team_name", "object_name", "person_name"]
    show_full_result_count = False
    ordering = ["-pk"]

    @admin.display(description=_("who"))
    def who(self, event: AuditEvent) -> str:
        """Return the address of an account, which no other account has."""
        return event.actor.email if event.actor else name_actor(event)

    @admin.display(description=_("what"))
    def sentence(self, event: AuditEvent) -> str:
        return describe_event(event)


def get_staff(request: HttpRequest) -> User:
    """Return the member of staff. The administration has no other visitors."""
    return cast(User, request.user)


def record_staff_event(request: HttpRequest, action: AuditAction, row: Model, **details: object) -> None:
    """Record what a member of staff did to a row, for the owners of its team if it has one."""
    person = row if isinstance(row, User) else getattr(row, "user", None)
    details["model"] = row._meta.label_lower
    record_event(
        action=action, actor=get_staff(request), team=_find_team(row), target=row, person=person, details=details
    )


def record_member_changes(request: HttpRequest, formset: Any) -> None:
    """Record which members the page of a team has added, changed and removed."""
    team, actor = formset.instance, get_staff(request)
    roles = {form.instance.pk: form.initial.get("role") for form in formset.initial_forms}
    for member in formset.new_objects:
        details = {"role": member.role}
        record_event(action=AuditAction.MEMBER_ADDED, actor=actor, team=team, person=member.user, details=details)
    for member, _fields in formset.changed_objects:
        details = {"role": member.role, "former_role": roles[member.pk]}
        record_event(action=AuditAction.ROLE_CHANGED, actor=actor, team=team, person=member.user, details=details)
    for member in formset.deleted_objects:
        record_event(action=AuditAction.MEMBER_REMOVED, actor=actor, team=team, person=member.user)


def _find_team(row: Model) -> Team | None:
    holder = getattr(row, "collection", None) or row
    team = holder if isinstance(holder, Team) else getattr(holder, "team", None)
    return team if isinstance(team, Team) else None


def _list_changed_fields(message: Any) -> list[str]:
    """Return the English labels of the changed fields of the row itself, from the message of Django's log."""
    parts = [part.get("changed", {}) for part in message] if isinstance(message, list) else []
    return [label for part in parts if "name" not in part for label in part.get("fields", ())]
