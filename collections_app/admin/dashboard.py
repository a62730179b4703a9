"""The dashboard: the state of indexing and of the teams, versions, warnings, and the buttons for the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.checks import WARNING, CheckMessage, run_checks
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.admin.audit_trail import ReadOnlyAdmin
from collections_app.admin.index_models import describe_progress, describe_time_left
from collections_app.messages import format_count
from collections_app.models import IndexAudit, IndexingPause, IndexModel, ModelState, User
from collections_app.models.ids import parse_id
from collections_app.services.backup.manifest import find_latest_backup
from collections_app.services.indexing.model_progress import measure_preparation
from collections_app.services.indexing.pausing import pause_indexing, resume_indexing, retry_failed_jobs
from collections_app.services.site_state import (
    list_modes,
    list_versions,
    measure_site,
    read_queue_state,
    read_team_page,
)

# Of daily backups, one was missed.
_BACKUP_OVERDUE_AFTER = timedelta(days=2)
_DASHBOARD = "admin:collections_app_indexingpause_changelist"
_RETRIED = ngettext_lazy("Retrying %(number)s job.", "Retrying %(number)s jobs.", "count")
_DIFFERENCES = ngettext_lazy("%(number)s difference", "%(number)s differences", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """One line of the list at the top of the dashboard."""

    label: str
    text: str
    is_warning: bool = False


def list_status_lines() -> list[StatusLine]:
    """Return what was done last to keep the site safe, and the model beside the active one."""
    others = IndexModel.objects.kept().exclude(state=ModelState.ACTIVE)
    return [_describe_last_audit(), _describe_last_backup(), *map(_describe_other_model, others)]


@admin.register(IndexingPause)
class DashboardAdmin(ModelAdmin[IndexingPause]):
    """Shows the dashboard in place of the list of its rows."""

    def get_urls(self) -> list[URLPattern]:
        views = {"changelist": ("", require_safe(self.show_dashboard))}
        views |= {
            name: (f"{name}/", require_POST(view))
            for name, view in (("pause", self.pause), ("resume", self.resume), ("retry", self.retry))
        }
        return [
            path(route, self.admin_site.admin_view(view), name=f"collections_app_indexingpause_{name}")
            for name, (route, view) in views.items()
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: IndexingPause | None = None) -> bool:
        return False

    def show_dashboard(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        is_incomplete = request.GET.get("teams") == "incomplete"
        context = {
            **self.admin_site.each_context(request),
            "title": _("Dashboard"),
            "opts": self.opts,
            "can_change": self.has_change_permission(request),
            "queue": read_queue_state(),
            "all_images": measure_site(),
            "page": read_team_page(
                after_id=parse_id(request.GET.get("after_id", "")) or 0, is_incomplete=is_incomplete
            ),
            "is_incomplete": is_incomplete,
            "lines": list_status_lines(),
            "versions": [*list_versions(), *list_modes()],
            "warnings": list_deployment_warnings(),
        }
        return TemplateResponse(request, "admin/dashboard.html", context)

    def pause(self, request: HttpRequest) -> HttpResponse:
        if pause_indexing(user=self._get_operator(request)):
            sentence = _("Indexing is paused on all machines. Batches that have begun are finished.")
        else:
            sentence = _("Indexing was paused already.")
        return self._answer(request, sentence)

    def resume(self, request: HttpRequest) -> HttpResponse:
        if resume_indexing(user=self._get_operator(request)):
            sentence = _("Indexing is resumed. Workers continue within a second.")
        else:
            sentence = _("Indexing was not paused.")
        return self._answer(request, sentence)

    def retry(self, request: HttpRequest) -> HttpResponse:
        count = retry_failed_jobs(user=self._get_operator(request))
        return self._answer(request, format_count(_RETRIED, count) if count else _("No job has failed."))

    def _get_operator(self, request: HttpRequest) -> User:
        """Raises PermissionDenied."""
        if not self.has_change_permission(request) or not isinstance(request.user, User):
            raise PermissionDenied
        return request.user

    def _answer(self, request: HttpRequest, sentence: str) -> HttpResponse:
        messages.success(request, sentence)
        return redirect(_DASHBOARD)


@admin.register(IndexAudit)
class IndexAuditAdmin(ReadOnlyAdmin):
    list_display = ["ended_at", "is_check", "image_count", "missing", "stale", "orphaned", "misplaced", "altered"]
    list_display += ["problem"]
    ordering = ["-pk"]


def list_deployment_warnings() -> Sequence[CheckMessage]:
    """Return what `manage.py check --deploy` reports, with the settings of this process."""
    found = run_checks(include_deployment_checks=True)
    return [each for each in found if each.level >= WARNING and not each.is_silenced()]


def _describe_last_audit() -> StatusLine:
    label, latest = _("Last check of the index"), IndexAudit.objects.order_by("-pk").first()
    if latest is None:
        return StatusLine(label=label, text=_("Never. Run manage.py reindex --check."), is_warning=True)
    time = date_format(localtime(latest.ended_at), "DATETIME_FORMAT")
    if latest.problem:
        outcome = latest.problem
    elif latest.is_consistent:
        outcome = _("Database and index agree.")
    elif latest.is_check:
        outcome = format_count(_DIFFERENCES, latest.difference_count) + ". " + _("Run manage.py reindex.")
    else:
        outcome = format_count(_DIFFERENCES, latest.difference_count) + ". " + _("Queued for repair.")
    is_warning = not latest.is_consistent and (latest.is_check or bool(latest.problem))
    return StatusLine(label=label, text=f"{time}: {outcome}", is_warning=is_warning)


def _describe_other_model(row: IndexModel) -> StatusLine:
    parts = [row.name, row.get_state_display()]
    if row.state == ModelState.PREPARING:
        progress = measure_preparation(row)
        parts.append(_("%(progress)s pictures") % {"progress": describe_progress(progress)})
        if left := describe_time_left(progress):
            parts.append(_("time left: %(time)s") % {"time": left})
    return StatusLine(label=_("Another model"), text=", ".join(parts))


def _describe_last_backup() -> StatusLine:
    label = _("Last backup")
    if not settings.BACKUP_DIR:
        return StatusLine(label=label, text=_("Unknown. Set BACKUP_DIR and BACKUP_AT."), is_warning=True)
    latest = find_latest_backup()
    if latest is None:
        return StatusLine(label=label, text=_("Never. Run manage.py backup."), is_warning=True)
    time, size = date_format(localtime(latest.manifest.finished_at), "DATETIME_FORMAT"), latest.manifest.file_bytes
    is_overdue = timezone.now() - latest.manifest.started_at > _BACKUP_OVERDUE_AFTER
    text = _("%(time)s: %(size)s of files.") % {"time": time, "size": filesizeformat(size)}
    return StatusLine(label=label, text=text, is_warning=is_overdue or bool(latest.manifest.problems))
