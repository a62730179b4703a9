"""The models in the administration: which one is active, and how far another one is prepared."""

from datetime import timedelta

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from collections_app.admin.audit_trail import ReadOnlyAdmin
from collections_app.models import IndexModel, ModelState
from collections_app.services.indexing.model_progress import Preparation, measure_preparation


@admin.register(IndexModel)
class IndexModelAdmin(ReadOnlyAdmin):
    """For reading. `manage.py model` changes the model."""

    list_display = ["name", "state", "encoded", "time_left", "key", "changed_at"]

    @admin.display(description=_("Pictures"))
    def encoded(self, row: IndexModel) -> str:
        if row.state == ModelState.DROPPED:
            return ""
        return describe_progress(measure_preparation(row))

    @admin.display(description=_("Time left"))
    def time_left(self, row: IndexModel) -> str:
        return describe_time_left(measure_preparation(row)) if row.state == ModelState.PREPARING else ""


def describe_progress(progress: Preparation) -> str:
    return f"{intcomma(progress.done)} / {intcomma(progress.total)}"


def describe_time_left(progress: Preparation) -> str:
    """Return the time left at the mean rate since the preparation began, or "" while there is none."""
    now = timezone.now()
    return "" if progress.left_s is None else timesince(now, now + timedelta(seconds=progress.left_s))
