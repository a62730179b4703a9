"""The forms of guest links."""

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.forms import CleanNameField
from collections_app.models import GuestLink, GuestUpload
from collections_app.services.sharing.guest_links import GuestLinkTerms

_MIB = 2**20


class GuestLinkForm(forms.Form):
    label = CleanNameField(
        label=_("Label"),
        required=False,
        max_length=GuestLink._meta.get_field("label").max_length,
        help_text=_("Optional. Only people who can share the collection see it."),
    )
    max_files = forms.IntegerField(label=_("Most pictures"), initial=200, min_value=1, max_value=100_000)
    max_mb = forms.IntegerField(label=_("Most megabytes together"), initial=2000, min_value=1, max_value=1_000_000)
    days = forms.IntegerField(
        label=_("Days until it expires"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Optional. Without a number, the link never expires."),
    )
    needs_approval = forms.BooleanField(
        required=False, initial=True, label=_("Pictures wait until somebody who can edit the collection approves them")
    )

    def get_terms(self) -> GuestLinkTerms:
        sent = self.cleaned_data
        return GuestLinkTerms(
            label=sent["label"],
            max_files=sent["max_files"],
            max_bytes=sent["max_mb"] * _MIB,
            expires_at=timezone.now() + timedelta(days=sent["days"]) if sent["days"] else None,
            needs_approval=sent["needs_approval"],
        )


class GuestNameForm(forms.Form):
    guest_name = CleanNameField(
        label=_("Your name"),
        required=False,
        max_length=GuestUpload._meta.get_field("guest_name").max_length,
        help_text=_("Optional. The people of the collection see it."),
    )

    def get_name(self) -> str:
        """Return the name without commas, which separate tags. A name that is too long is left out."""
        return self.cleaned_data["guest_name"].replace(",", " ") if self.is_valid() else ""
