"""Forms for sharing a collection: with people, with teams, by public links and by guest links; a team's activity."""

from datetime import datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from collections_app.activity import ACTION_GROUPS, name_actor
from collections_app.forms import CleanNameField
from collections_app.models import AuditEvent, Collection, GuestLink, GuestUpload, PublicLink, ShareRole, Team, User
from collections_app.models.ids import parse_id
from collections_app.services.sharing.accounts import validate_mailbox
from collections_app.services.sharing.guest_links import GuestLinkTerms
from collections_app.services.sharing.public_links import LinkChange

MAX_FURTHER_COLLECTIONS = 50
_MIB = 2**20


class ShareRoleForm(forms.Form):
    role = forms.ChoiceField(choices=ShareRole, initial=ShareRole.VIEWER, label=_("Permission"))


class ShareForm(ShareRoleForm):
    email = forms.EmailField(label=_("Email"), validators=[validate_mailbox])
    field_order = ["email", "role"]


class TeamShareForm(ShareRoleForm):
    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None, label=_("Team"))
    field_order = ["team", "role"]

    def __init__(self, *args: Any, user: User, collection: Collection, **kwargs: Any) -> None:
        """Offer the user's teams other than the collection's own."""
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Team]", self.fields["team"])
        field.queryset = Team.objects.visible_to(user).non_personal().exclude(pk=collection.team_id).order_by("name")


class PublicLinkForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Optional, at least 8 characters. Without a password anyone with the link can view."),
    )
    expires_at = forms.DateField(
        required=False,
        label=_("Expires on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Optional. Without a date, the link never expires."),
    )
    allows_download = forms.BooleanField(required=False, label=_("Allow downloads"))

    def clean_password(self) -> str:
        """Apply the rules for passwords of accounts."""
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password)
        return password

    def clean_expires_at(self) -> datetime | None:
        """Return the end of the day."""
        day = self.cleaned_data["expires_at"]
        if day is None:
            return None
        if day < timezone.localdate() or day.year > 9000:
            raise forms.ValidationError(_("Select today or a later date."))
        return timezone.make_aware(datetime.combine(day, time.max))


class LinkSettingsForm(PublicLinkForm):
    removes_password = forms.BooleanField(required=False, label=_("Remove the password"))
    further_collections = forms.ModelMultipleChoiceField(
        Collection.objects.none(),
        required=False,
        label=_("Also show these collections"),
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ["allows_download", "expires_at", "password", "removes_password", "further_collections"]

    def __init__(self, *args: Any, link: PublicLink, user: User, **kwargs: Any) -> None:
        """Offer the other collections of the team. Omit fields that have nothing to change."""
        kwargs["initial"] = {
            "expires_at": link.expires_at and timezone.localdate(link.expires_at),
            "allows_download": link.allows_download,
            "further_collections": link.further_collections.all(),
        }
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelMultipleChoiceField[Collection]", self.fields["further_collections"])
        others = Collection.objects.owned_by(user).filter(team=link.collection.team_id)
        field.queryset = others.exclude(pk=link.collection_id)
        if link.password:
            self.fields["password"].label = _("New password")
            self.fields["password"].help_text = _("Optional, at least 8 characters. Leave empty to keep the password.")
        else:
            del self.fields["removes_password"]

    def clean_further_collections(self) -> list[Collection]:
        selected = list(self.cleaned_data["further_collections"])
        if len(selected) > MAX_FURTHER_COLLECTIONS:
            sentence = _("A public link can show at most %(most)s other collections.")
            raise forms.ValidationError(sentence % {"most": MAX_FURTHER_COLLECTIONS})
        return selected

    def get_change(self) -> LinkChange:
        """Return the change of a valid form."""
        values = self.cleaned_data
        password = values["password"] or ("" if values.get("removes_password") else None)
        return LinkChange(
            password=password,
            expires_at=values["expires_at"],
            allows_download=values["allows_download"],
            further_collections=values["further_collections"],
        )


class LinkPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"), max_length=128, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )


class GuestLinkForm(forms.Form):
    label = CleanNameField(
        label=_("Label"),
        required=False,
        max_length=GuestLink._meta.get_field("label").max_length,
        help_text=_("Optional. Only people who can share the collection see it."),
    )
    max_files = forms.IntegerField(label=_("Maximum number of pictures"), initial=200, min_value=1, max_value=100_000)
    max_mb = forms.IntegerField(label=_("Maximum total size (MB)"), initial=2000, min_value=1, max_value=1_000_000)
    days = forms.IntegerField(
        label=_("Days until it expires"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Optional. Without a number, the link never expires."),
    )
    needs_approval = forms.BooleanField(required=False, initial=True, label=_("Approve pictures before they are added"))

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
        help_text=_("Optional. It is shown with your pictures."),
    )

    def get_name(self) -> str:
        """Return the name without commas, which separate tags. A name that is too long is left out."""
        return self.cleaned_data["guest_name"].replace(",", " ") if self.is_valid() else ""


class ActivityFilterForm(forms.Form):
    action = forms.ChoiceField(required=False, label=_("Action"))
    person = forms.ChoiceField(required=False, label=_("Done by"))

    def __init__(self, data: QueryDict, *, team: Team) -> None:
        """Offer the members, and the person that the address names: a former member may have done something too."""
        super().__init__(data)
        groups = [(group, [(each.value, each.label) for each in actions]) for group, actions in ACTION_GROUPS.items()]
        self._set_choices("action", [("", _("All actions")), *groups])
        people = [(str(member.pk), member.name) for member in team.members.order_by("email")]
        named = parse_id(data.get("person", ""))
        if named and str(named) not in dict(people):
            people.append((str(named), self._name_former_member(team, named)))
        self._set_choices("person", [("", _("Everybody")), *people])

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def _name_former_member(self, team: Team, actor_id: int) -> str:
        """Return the name in the team's latest event of this person. Without one, nothing is told about the account."""
        event = AuditEvent.objects.in_team(team).by_actor(actor_id).with_people().order_by("-pk").first()
        return name_actor(event) if event else gettext("Somebody else")
