"""The administration of the queues: index jobs and outgoing mails, and retrying those that failed."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from collections_app.admin.audit_trail import AuditedAdmin
from collections_app.messages import format_count
from collections_app.models import IndexJob, OutgoingMail
from collections_app.models.index_job import IndexJobQuerySet
from collections_app.models.outgoing_mail import OutgoingMailQuerySet
from collections_app.services.indexing.queue import retry_jobs
from collections_app.services.mail.queue import retry_mails

_RETRIED = ngettext_lazy("Retrying %(number)s job.", "Retrying %(number)s jobs.", "count")
_MAILS_RETRIED = ngettext_lazy("Sending %(number)s mail now.", "Sending %(number)s mails now.", "count")


@admin.register(IndexJob)
class IndexJobAdmin(AuditedAdmin):
    list_display = ["image_id", "priority", "attempts", "is_failed", "error", "run_after", "leased_until"]
    list_filter = ["is_failed", "priority"]
    show_full_result_count = False
    search_fields = ["=image_id"]
    actions = ["retry"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IndexJob | None = None) -> bool:
        return False

    @admin.action(description=_("Retry the selected jobs now"), permissions=["delete"])
    def retry(self, request: HttpRequest, queryset: IndexJobQuerySet) -> None:
        self.message_user(request, format_count(_RETRIED, retry_jobs(jobs=queryset)))


@admin.register(OutgoingMail)
class OutgoingMailAdmin(AuditedAdmin):
    """Shows the state of mails, without their text, which contains links that give access to accounts."""

    list_display = ["recipient", "created_at", "attempts", "run_after", "is_failed", "error"]
    list_filter = ["is_failed"]
    search_fields = ["recipient"]
    fields = ["recipient", "created_at", "attempts", "run_after", "is_failed", "error"]
    actions = ["retry"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        return False

    @admin.action(description=_("Send the selected mails now"), permissions=["delete"])
    def retry(self, request: HttpRequest, queryset: OutgoingMailQuerySet) -> None:
        self.message_user(request, format_count(_MAILS_RETRIED, retry_mails(mails=queryset)))
