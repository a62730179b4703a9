"""What people fill in, checked: names, titles, tags, and where an upload goes."""

from typing import Any, cast

from django import forms

from collections_app.models import Collection, Image, Team, User

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


def _squeeze(text: str) -> str:
    return " ".join(text.split())
