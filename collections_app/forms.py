"""What people fill in, checked: names, titles, tags, and where an upload goes."""

from datetime import datetime, time
from typing import Any, cast

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.models import Collection, Image, Role, SavedSearch, ShareRole, Team, User
from collections_app.services.recent_searches import query_of

MAX_TAGS = 30
MAX_TAG_LENGTH = 50


class TagsField(forms.CharField):
    """A line of tags separated by commas; gives a list without repetitions."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        tags = list(
            {tag.casefold(): tag for part in super().clean(value).split(",") if (tag := _squeeze(part))}.values()
        )
        if len(tags) > MAX_TAGS:
            raise forms.ValidationError(f"These are {len(tags)} tags; a picture has at most {MAX_TAGS}.")
        if too_long := next((tag for tag in tags if len(tag) > MAX_TAG_LENGTH), None):
            raise forms.ValidationError(
                f"A tag has at most {MAX_TAG_LENGTH} characters, this one has {len(too_long)}: “{too_long[:20]}…”."
            )
        return tags


class TeamChoiceField(forms.ModelChoiceField[Team]):
    def label_from_instance(self, team: Team) -> str:
        return "Only me" if team.name == self.personal_name else team.name

    personal_name = ""


class CollectionForm(forms.Form):
    name = forms.CharField(max_length=Collection._meta.get_field("name").max_length)
    team = TeamChoiceField(Team.objects.none(), empty_label=None, label="Who sees it")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """The team is asked for only where there is a choice."""
        super().__init__(*args, **kwargs)
        teams = Team.objects.editable_by(user).order_by("pk")
        field = cast(TeamChoiceField, self.fields["team"])
        field.queryset, field.personal_name = teams, user.personal_team.name
        field.initial, field.required = user.personal_team, False
        if teams.count() < 2:
            del self.fields["team"]


class CollectionNameForm(forms.Form):
    name = forms.CharField(max_length=Collection._meta.get_field("name").max_length)


class ImageForm(forms.Form):
    title = forms.CharField(
        required=False, max_length=Image._meta.get_field("title").max_length, help_text="Empty: the name of the file."
    )
    tags = TagsField(required=False, help_text=f"Separated by commas, at most {MAX_TAGS}.")


class NewTagsForm(forms.Form):
    tags = TagsField()


class UploadTargetForm(forms.Form):
    """An existing collection, or the name of a new one of one's own."""

    collection = forms.ModelChoiceField(
        Collection.objects.none(), required=False, empty_label="A new collection", label="Collection"
    )
    new_name = forms.CharField(
        required=False, max_length=Collection._meta.get_field("name").max_length, label="Name of the new collection"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Collection]", self.fields["collection"])
        field.queryset = Collection.objects.editable_by(user)

    def clean(self) -> dict[str, Any]:
        if not self.errors and not (self.cleaned_data["collection"] or self.cleaned_data["new_name"]):
            raise forms.ValidationError("Choose a collection, or name a new one.")
        return self.cleaned_data


class TeamForm(forms.Form):
    name = forms.CharField(max_length=Team._meta.get_field("name").max_length)


class TeamDeletionForm(forms.Form):
    """The name is typed, so that nobody deletes a team by a slip."""

    name = forms.CharField(label="Type the team's name")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if _squeeze(name) != _squeeze(self.team.name):
            raise forms.ValidationError(f"Type “{self.team.name}” to delete the team.")
        return name


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)


class InvitationForm(RoleForm):
    email = forms.EmailField(label="E-mail address")
    field_order = ["email", "role"]


class ShareRoleForm(forms.Form):
    role = forms.ChoiceField(choices=ShareRole.choices, initial=ShareRole.VIEWER, label="May")


class ShareForm(ShareRoleForm):
    email = forms.EmailField(label="E-mail address")
    field_order = ["email", "role"]


class TeamShareForm(ShareRoleForm):
    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None)
    field_order = ["team", "role"]

    def __init__(self, *args: Any, user: User, collection: Collection, **kwargs: Any) -> None:
        """Offer the sharer's other teams."""
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Team]", self.fields["team"])
        field.queryset = Team.objects.visible_to(user).together().exclude(pk=collection.team_id).order_by("name")


class PublicLinkForm(forms.Form):
    password = forms.CharField(
        required=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Empty: everybody who has the link may look.",
    )
    expires_at = forms.DateField(
        required=False,
        label="Valid until",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: for ever.",
    )
    allows_download = forms.BooleanField(required=False, label="Whole pictures may be downloaded")

    def clean_expires_at(self) -> datetime | None:
        """The whole day counts."""
        day = self.cleaned_data["expires_at"]
        if day is None:
            return None
        if day < timezone.localdate() or day.year > 9000:
            raise forms.ValidationError("Choose today or a later day.")
        return timezone.make_aware(datetime.combine(day, time.max))


class LinkPasswordForm(forms.Form):
    password = forms.CharField(max_length=128, widget=forms.PasswordInput(attrs={"autocomplete": "off"}))


class SearchNameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=SavedSearch._meta.get_field("name").max_length)


class SavedSearchForm(SearchNameForm):
    query = forms.CharField(required=False, max_length=10_000, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        """A hidden field has no place of its own to say what is wrong."""
        self.cleaned_data["query"] = query_of(QueryDict(self.cleaned_data.get("query", "")))
        if not self.cleaned_data["query"]:
            raise forms.ValidationError(_("There is nothing to search for. Search first, then save the search."))
        return self.cleaned_data


class SearchTeamForm(forms.Form):
    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None, label=gettext_lazy("Team"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Team]", self.fields["team"])
        field.queryset = Team.objects.visible_to(user).together().order_by("name")


class MarkForm(forms.Form):
    """`back` is the query string of the page of results."""

    q = forms.CharField(max_length=500)
    is_right = forms.TypedChoiceField(
        choices=[("yes", ""), ("no", ""), ("", "")],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    back = forms.CharField(required=False, max_length=10_000)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A key that signs in by itself, unless that is unticked: else "Sign in with a passkey" would not know it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"passwordless": True, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].label = "Sign in with it alone, without the password"
        self.fields["passwordless"].help_text = "It then asks for your fingerprint, your face or its PIN."
