"""The site's forms."""

from typing import Any, cast

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from collections_app.date_forms import DateForm
from collections_app.models import Collection, Image, Role, SavedSearch, Team, User
from collections_app.models.names import clean_name, clean_tags, fold_name
from collections_app.services.library.dates import DateChange
from collections_app.services.search.recent import normalize_query_string
from collections_app.services.sharing.accounts import validate_mailbox

MAX_TAGS = 30
MAX_TAG_LENGTH = 50


def get_bound_data(request: HttpRequest) -> QueryDict | None:
    """Return the data to bind a form to, or None for a form that is only shown. An empty POST binds the form too."""
    return request.POST if request.method == "POST" else None


class CleanNameField(forms.CharField):
    """A name, cleaned as it is stored. A name of invisible characters alone is empty."""

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value) or ""
        return text if "\x00" in text else clean_name(text)  # the field's validator rejects NUL


class TagLineField(forms.CharField):
    """A comma-separated line of tags, cleaned to a list without duplicates."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        tags = clean_tags(super().clean(value).split(","))
        if len(tags) > MAX_TAGS:
            sentence = _("A picture can have at most %(most)s tags. You entered %(number)s.")
            raise forms.ValidationError(sentence % {"most": MAX_TAGS, "number": len(tags)})
        if too_long := next((tag for tag in tags if len(tag) > MAX_TAG_LENGTH), None):
            sentence = _("A tag can have at most %(most)s characters. “%(tag)s…” has %(number)s.")
            values = {"most": MAX_TAG_LENGTH, "number": len(too_long), "tag": too_long[:20]}
            raise forms.ValidationError(sentence % values)
        return tags


class TeamChoiceField(forms.ModelChoiceField[Team]):
    def label_from_instance(self, team: Team) -> str:
        return str(_("Only me")) if team.name == self.personal_name else team.name

    personal_name = ""


class CollectionForm(forms.Form):
    name = CleanNameField(label=_("Name"), max_length=Collection._meta.get_field("name").max_length)
    team = TeamChoiceField(Team.objects.none(), empty_label=None, label=_("Visible to"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Omit the team field for users who can add collections to one team only."""
        super().__init__(*args, **kwargs)
        teams = Team.objects.editable_by(user).order_by("pk")
        field = cast(TeamChoiceField, self.fields["team"])
        field.queryset, field.personal_name = teams, user.personal_team.name
        field.initial, field.required = user.personal_team, False
        if teams.count() < 2:
            del self.fields["team"]


class CollectionNameForm(forms.Form):
    name = CleanNameField(label=_("Name"), max_length=Collection._meta.get_field("name").max_length)


class LinesField(forms.CharField):
    """Several lines of text. Browsers send two characters for the end of a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> str:
        return super().to_python("\n".join(str(value or "").splitlines())) or ""


class CollectionTextForm(CollectionNameForm):
    description = LinesField(
        label=_("Description"), required=False, max_length=Collection._meta.get_field("description").max_length
    )


def _reject_at_sign(name: str) -> None:
    """Reject its wide and small forms too, which look like it."""
    if "@" in fold_name(name):
        raise forms.ValidationError(_("A display name can't contain “@”."))


class DisplayNameForm(forms.Form):
    """Without "@", so that nobody can look like the owner of an address."""

    display_name = CleanNameField(
        label=_("Display name"),
        required=False,
        max_length=User._meta.get_field("display_name").max_length,
        validators=[_reject_at_sign],
        help_text=_("Optional. Other people see this name. Members of your teams also see your email address."),
    )


class ImageForm(DateForm):
    title = CleanNameField(
        label=_("Title"),
        required=False,
        max_length=Image._meta.get_field("title").max_length,
        help_text=_("Optional. Defaults to the file name."),
    )
    description = LinesField(
        label=_("Description"), required=False, max_length=Image._meta.get_field("description").max_length
    )
    tags = TagLineField(
        label=_("Tags"),
        required=False,
        help_text=format_lazy(_("Separate with commas. At most {most}."), most=MAX_TAGS),
    )
    field_order = ["title", "description", "tags", "taken_on", "taken_time"]

    def __init__(self, *args: Any, image: Image, **kwargs: Any) -> None:
        taken = image.taken_at
        kwargs["auto_id"] = f"picture-{image.pk}-%s"  # unique also in the large view over another picture's page
        kwargs["initial"] = {
            "title": image.title,
            "description": image.description,
            "tags": image.tags,
            "taken_on": taken and taken.date().isoformat(),
            "taken_time": taken.time().replace(microsecond=0) if taken and image.has_taken_time else None,
        }
        super().__init__(*args, **kwargs)
        self.fields["taken_on"].required = False
        self.fields["taken_on"].help_text = _("Optional. The local date at the place.")
        self.fields["taken_time"].help_text = _("Optional.")

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("taken_time") and not (self.cleaned_data.get("taken_on") or self.errors):
            self.add_error("taken_on", _("Enter a date too, or clear the time."))
        return self.cleaned_data

    def get_date_change(self) -> DateChange | None:
        """Return the change of a valid form. An unchanged date keeps its fractions of a second and its offset."""
        is_changed = {"taken_on", "taken_time"} & set(self.changed_data)
        return DateChange(taken=self.get_taken_date()) if is_changed else None


class AddTagsForm(forms.Form):
    tags = TagLineField(label=_("Tags"))


class UploadTargetForm(forms.Form):
    """An existing collection, or the name of a new one in the personal team."""

    collection = forms.ModelChoiceField(
        Collection.objects.none(), required=False, empty_label=_("New collection"), label=_("Collection")
    )
    new_name = CleanNameField(
        required=False, max_length=Collection._meta.get_field("name").max_length, label=_("Name of the new collection")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Collection]", self.fields["collection"])
        field.queryset = Collection.objects.editable_by(user)

    def clean(self) -> dict[str, Any]:
        if not self.errors and not (self.cleaned_data["collection"] or self.cleaned_data["new_name"]):
            raise forms.ValidationError(_("Select a collection, or name a new one."))
        return self.cleaned_data


class TeamForm(forms.Form):
    name = CleanNameField(label=_("Name"), max_length=Team._meta.get_field("name").max_length)


class TeamDeletionForm(forms.Form):
    """Requires the team's name, so that nobody deletes a team by accident."""

    name = forms.CharField(label=_("Enter the team's name"))

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if clean_name(name) != clean_name(self.team.name):
            raise forms.ValidationError(_("Enter “%(team)s” to delete the team.") % {"team": self.team.name})
        return name


class AccountDeletionForm(forms.Form):
    """Requires the account's address, so that nobody deletes an account by accident."""

    email = forms.CharField(label=_("Enter your email address"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email.strip().lower() != self.user.email:
            raise forms.ValidationError(_("Enter “%(email)s” to delete the account.") % {"email": self.user.email})
        return email


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role, initial=Role.VIEWER, label=_("Role"))


class InvitationForm(RoleForm):
    email = forms.EmailField(label=_("Email"), validators=[validate_mailbox])
    field_order = ["email", "role"]


class SearchNameForm(forms.Form):
    name = CleanNameField(label=_("Name"), max_length=SavedSearch._meta.get_field("name").max_length)


class SavedSearchForm(SearchNameForm):
    query = forms.CharField(required=False, max_length=10_000, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        """Raise errors of the hidden `query` field as errors of the form, which people see."""
        self.cleaned_data["query"] = normalize_query_string(QueryDict(self.cleaned_data.get("query", "")))
        if not self.cleaned_data["query"]:
            raise forms.ValidationError(_("Enter a search before you save it."))
        return self.cleaned_data


class ShareSearchForm(forms.Form):
    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None, label=_("Team"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Team]", self.fields["team"])
        field.queryset = Team.objects.visible_to(user).non_personal().order_by("name")


class JudgmentForm(forms.Form):
    """`back` is the query string of the results page."""

    q = forms.CharField(max_length=500)
    is_right = forms.TypedChoiceField(
        choices=[("yes", ""), ("no", ""), ("", "")],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    back = forms.CharField(required=False, max_length=10_000)
