"""The administration: browsing the rows, and retrying failed indexing."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.admin import AuthenticatorAdmin
from allauth.socialaccount.admin import SocialAppAdmin, SocialTokenAdmin
from allauth.usersessions.admin import UserSessionAdmin
from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.imaging import THUMBNAIL_CONTENT_TYPE
from collections_app.messages import format_count
from collections_app.models import Collection, Image, IndexJob, Membership, OutgoingMail, Share, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.models.index_job import IndexJobQuerySet
from collections_app.models.outgoing_mail import OutgoingMailQuerySet
from collections_app.services.indexing.audit import queue_reencoding
from collections_app.services.indexing.queue import retry_jobs
from collections_app.services.library.renditions import Rendition, open_rendition
from collections_app.services.mail.queue import retry_mails
from collections_app.services.sharing.accounts import replace_address, validate_mailbox

_QUEUED = ngettext_lazy("%(number)s picture queued.", "%(number)s pictures queued.", "count")
_RETRIED = ngettext_lazy("Retrying %(number)s job.", "Retrying %(number)s jobs.", "count")
_MAILS_RETRIED = ngettext_lazy("Sending %(number)s mail now.", "Sending %(number)s mails now.", "count")

# Without this the administration's own sign-in would have no limit on attempts and no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def _refuse_adding(_admin: Any, _request: HttpRequest) -> bool:
    return False


# The administration shows no secrets: neither session keys, nor keys of authenticators, nor tokens. Rows without them
# cannot be added.
for _admin, _secrets in {
    UserSessionAdmin: ("session_key", "data"),
    AuthenticatorAdmin: ("data",),
    SocialAppAdmin: ("secret", "key"),
    SocialTokenAdmin: ("token", "token_secret"),
}.items():
    _admin.exclude = _secrets
    _admin.has_add_permission = _refuse_adding
SocialTokenAdmin.list_display = ("app", "account", "expires_at")
UserSessionAdmin.search_fields = ["user__email", "ip"]


class UserAdminForm(forms.ModelForm[User]):
    def clean_email(self) -> str:
        """An administrator vouches for the address, so no other account may have verified it."""
        validate_mailbox(self.cleaned_data["email"])
        email: str = self.cleaned_data["email"].lower()
        others = EmailAddress.objects.filter(email__iexact=email, verified=True).exclude(user=self.instance)
        if others.exists():
            raise forms.ValidationError(_("Another account has verified this address."))
        return email


@admin.register(User)
class UserAdmin(ModelAdmin[User]):
    list_display = ["email", "is_active", "is_staff", "date_joined"]
    search_fields = ["email"]
    fields = ["email", "is_active", "is_staff", "is_superuser", "groups", "last_login"]
    readonly_fields = ["last_login"]
    form = UserAdminForm

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm[User], change: bool) -> None:
        """Replace the verified addresses with the account's new one, or the old one would still reset the password."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            replace_address(user=obj, email=obj.email)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up, or `manage.py createsuperuser` creates them. Both set a password."""
        return False


def _get_url_name(request: HttpRequest) -> str:
    return (request.resolver_match and request.resolver_match.url_name) or ""


class MembershipInline(admin.TabularInline[Membership, Team]):
    model = Membership
    extra = 0


@admin.register(Team)
class TeamAdmin(ModelAdmin[Team]):
    list_display = ["name", "personal_of", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["personal_of"]

    def get_inlines(self, request: HttpRequest, obj: Team | None) -> list[type[InlineModelAdmin[Any, Any]]]:
        """Hide the members of a personal team: it always has one."""
        return [] if obj and obj.is_personal else [MembershipInline]

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """Allow deleting a personal team only together with its account."""
        is_deleted_alone = obj is not None and obj.is_personal and "_team_" in _get_url_name(request)
        return not is_deleted_alone and super().has_delete_permission(request, obj)


@admin.register(Collection)
class CollectionAdmin(ModelAdmin[Collection]):
    list_display = ["name", "team", "creator", "created_at"]
    list_select_related = ["team", "creator"]
    search_fields = ["name", "team__name"]
    raw_id_fields = ["team", "creator"]


@admin.register(Share)
class ShareAdmin(ModelAdmin[Share]):
    list_display = ["collection", "user", "team", "role", "sharer", "created_at"]
    list_select_related = ["collection", "user", "team", "sharer"]
    raw_id_fields = ["collection", "user", "team", "sharer"]


@admin.register(Image)
class ImageAdmin(ModelAdmin[Image]):
    list_display = ["thumbnail", "name", "collection", "uploader", "index_state", "index_error", "created_at"]
    list_filter = ["index_state", "format", ("trashed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["collection", "uploader"]
    search_fields = ["title", "original_name", "sha256"]
    readonly_fields = ["uploader", "original_name", "format", "width", "height", "byte_size", "sha256", "taken_at"]
    readonly_fields += ["created_at", "index_state", "index_model_key", "index_error"]
    fields = ["collection", "title", "tags", *readonly_fields]
    raw_id_fields = ["collection"]
    actions = ["reindex"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Images come from uploads and imports, which validate them."""
        return False

    @admin.display(description="")
    def thumbnail(self, image: Image) -> str:
        address = reverse("admin:collections_app_image_thumbnail", args=[image.pk])
        return format_html('<img src="{}" width="60" alt="" loading="lazy">', address)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.thumbnail_file)
        own = path("<int:pk>/thumbnail/", view, name="collections_app_image_thumbnail")
        return [own, *super().get_urls()]

    def thumbnail_file(self, request: HttpRequest, pk: int) -> FileResponse:
        """Send the thumbnail of any image, to people who may view images in the administration."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        image = get_object_or_404(Image, pk=pk)
        try:
            file = open_rendition(image=image, rendition=Rendition.GRID)
        except (FileNotFoundError, InvalidImage, StorageUnavailable) as error:
            raise Http404 from error
        return FileResponse(file, content_type=THUMBNAIL_CONTENT_TYPE)

    @admin.action(description=_("Reindex the selected pictures"))
    def reindex(self, request: HttpRequest, queryset: ImageQuerySet) -> None:
        self.message_user(request, format_count(_QUEUED, queue_reencoding(queryset)))


@admin.register(IndexJob)
class IndexJobAdmin(ModelAdmin[IndexJob]):
    list_display = ["image_id", "priority", "attempts", "is_failed", "error", "run_after", "leased_until"]
    list_filter = ["is_failed", "priority"]
    search_fields = ["=image_id"]
    actions = ["retry"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IndexJob | None = None) -> bool:
        return False

    @admin.action(description=_("Retry the selected jobs now"))
    def retry(self, request: HttpRequest, queryset: IndexJobQuerySet) -> None:
        self.message_user(request, format_count(_RETRIED, retry_jobs(jobs=queryset)))


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ModelAdmin[OutgoingMail]):
    """Shows the state of mails. Their text is not shown, because it holds links that open accounts."""

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
