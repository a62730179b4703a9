"""The administration's list of models: which one is active, and how far another one is prepared."""

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from collections_app.admin.audit_trail import ReadOnlyAdmin
from collections_app.models import IndexModel, ModelState
from collections_app.services.indexing.model_changes import measure_preparation


@admin.register(IndexModel)
class IndexModelAdmin(ReadOnlyAdmin):
    """For reading. `manage.py model` changes the model."""

    list_display = ["name", "state", "encoded", "time_left", "key", "changed_at"]

    @admin.display(description=_("Pictures"))
    def encoded(self, row: IndexModel) -> str:
        if row.state == ModelState.DROPPED:
            return ""
        progress = measure_preparation(row)
        return f"{progress.done} / {progress.total}"

    @admin.display(description=_("Time left"))
    def time_left(self, row: IndexModel) -> str:
        """Return the time left of a preparation, from its mean rate."""
        left_s = measure_preparation(row).left_s if row.state == ModelState.PREPARING else None
        now = timezone.now()
        return "" if left_s is None else timesince(now, now + timedelta(seconds=left_s))
