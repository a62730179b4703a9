"""The administration of teams, collections, pictures and shares."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from collections_app.admin.audit_trail import AuditedAdmin, get_staff, record_member_changes
from collections_app.admin.deletion import ChunkedDeletionAdmin
from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.imaging import CONTENT_TYPES, THUMBNAIL_CONTENT_TYPE
from collections_app.messages import format_count
from collections_app.models import (
    AuditAction,
    Collection,
    Image,
    ImageTotal,
    Membership,
    PublicLink,
    Role,
    Share,
    Team,
    User,
)
from collections_app.models.image import ImageQuerySet
from collections_app.services.audit_trail import ImageEvents, record_event
from collections_app.services.indexing.audit import queue_reencoding
from collections_app.services.library.renditions import Rendition, open_rendition
from collections_app.services.library.trash import delete_collection
from collections_app.services.sharing.public_links import revoke_link
from collections_app.services.sharing.shares import record_share_event, revoke_share
from collections_app.services.sharing.teams import delete_team

_QUEUED = ngettext_lazy("%(number)s picture queued.", "%(number)s pictures queued.", "count")


def _get_url_name(request: HttpRequest) -> str:
    return (request.resolver_match and request.resolver_match.url_name) or ""


class MembershipForm(forms.ModelForm[Membership]):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fix the person. Another person needs another membership, because grants end with the first one."""
        super().__init__(*args, **kwargs)
        self.fields["user"].disabled = self.instance.pk is not None


class MembershipFormSet(forms.BaseInlineFormSet[Membership, Team, forms.ModelForm[Membership]]):
    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        roles = [form.cleaned_data.get("role") for form in kept if not form.cleaned_data.get("DELETE")]
        if not any(self.errors) and self.instance.pk and Role.OWNER not in roles:
            raise forms.ValidationError(_("A team needs an owner."))


class MembershipInline(admin.TabularInline[Membership, Team]):
    model = Membership
    form, formset = MembershipForm, MembershipFormSet
    extra = 0


@admin.register(Team)
class TeamAdmin(ChunkedDeletionAdmin):
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

    def delete_row(self, row: Team, deleter: User) -> None:
        delete_team(team=row, deleter=deleter)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        record_member_changes(request, formset)


class CollectionAdminForm(forms.ModelForm[Collection]):
    """Reports a taken name. The constraint is on `folded_name`, which the form does not show."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        name, team = cleaned.get("name"), cleaned.get("team")
        others = Collection.objects.named(name or "").filter(team=team).exclude(pk=self.instance.pk)
        if name and team and self.instance.trashed_at is None and others.exists():
            self.add_error("name", _("The team has a collection of this name. Use another name."))
        return cleaned


@admin.register(Collection)
class CollectionAdmin(ChunkedDeletionAdmin):
    list_display = ["name", "team", "creator", "created_at"]
    list_select_related = ["team", "creator"]
    search_fields = ["name", "team__name"]
    form = CollectionAdminForm
    raw_id_fields = ["team", "creator", "selected_cover"]

    def save_model(self, request: HttpRequest, obj: Collection, form: Any, change: bool) -> None:
        """Tell the owners of the former team too if the collection moves to another team."""
        super().save_model(request, obj, form, change)
        if change and "team" in form.changed_data:
            former_team = Team.objects.get(pk=form.initial["team"])
            record_event(action=AuditAction.CHANGED_BY_STAFF, actor=get_staff(request), team=former_team, target=obj)

    def delete_row(self, row: Collection, deleter: User) -> None:
        delete_collection(collection=row, deleter=deleter)


class ShareAdminForm(forms.ModelForm[Share]):
    def clean(self) -> dict[str, Any]:
        """Reject what the sharing page rejects."""
        values = super().clean() or {}
        collection, user, team = values.get("collection"), values.get("user"), values.get("team")
        if collection and user and Membership.objects.filter(team=collection.team_id, user=user).exists():
            raise forms.ValidationError(_("This person is in the team and can see the collection already."))
        if collection and team and (team.is_personal or team.pk == collection.team_id):
            raise forms.ValidationError(_("Select another team, which is not a personal one."))
        return values


@admin.register(Share)
class ShareAdmin(AuditedAdmin):
    form = ShareAdminForm
    records_deletions = False
    list_display = ["collection", "user", "team", "role", "sharer", "created_at"]
    list_select_related = ["collection", "user", "team", "sharer"]
    raw_id_fields = ["collection", "user", "team", "sharer"]

    def log_addition(self, request: HttpRequest, obj: Share, message: Any) -> Any:
        record_share_event(AuditAction.COLLECTION_SHARED, obj, get_staff(request), role=obj.role)
        return ModelAdmin.log_addition(self, request, obj, message)

    def delete_model(self, request: HttpRequest, obj: Share) -> None:
        revoke_share(share=obj, revoker=get_staff(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Share]) -> None:
        for share in queryset:
            self.delete_model(request, share)


@admin.register(PublicLink)
class PublicLinkAdmin(AuditedAdmin):
    """For revoking links of closed accounts. The secret is not shown, because it gives access to the pictures."""

    records_deletions = False
    list_display = ["collection", "creator", "created_at", "expires_at", "allows_download"]
    list_select_related = ["collection", "creator"]
    search_fields = ["collection__name", "creator__email"]
    fields = ["collection", "creator", "created_at", "expires_at", "allows_download"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PublicLink | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: PublicLink) -> None:
        revoke_link(link=obj, revoker=get_staff(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PublicLink]) -> None:
        for link in queryset:
            self.delete_model(request, link)


class ImageFormatFilter(admin.SimpleListFilter):
    """Offers all formats. Django would read every row to find those in use."""

    title, parameter_name = _("Format"), "format"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(CONTENT_TYPES)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        return queryset.filter(format=self.value()) if self.value() else queryset


class ImagePaginator(Paginator[Image]):
    """Knows the number of all images without counting rows."""

    @cached_property
    def count(self) -> int:
        images = self.object_list
        is_all = isinstance(images, QuerySet) and not images.query.where
        return ImageTotal.objects.all().sum_images() if is_all else super().count


@admin.register(Image)
class ImageAdmin(ChunkedDeletionAdmin):
    paginator = ImagePaginator
    show_full_result_count = False
    list_display = ["thumbnail", "name", "collection", "uploader", "index_state", "index_error", "created_at"]
    list_filter = ["index_state", ImageFormatFilter, ("trashed_at", admin.EmptyFieldListFilter)]
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

    def delete_row(self, row: Image, deleter: User) -> None:
        self._delete_images(Image.objects.filter(pk=row.pk), deleter)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        self._delete_images(queryset, get_staff(request))

    def _delete_images(self, images: ImageQuerySet, deleter: User) -> None:
        images.delete_in_chunks(record=ImageEvents(action=AuditAction.IMAGES_DELETED, actor=deleter).add)

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

    @admin.action(description=_("Reindex the selected pictures"), permissions=["change"])
    def reindex(self, request: HttpRequest, queryset: ImageQuerySet) -> None:
        self.message_user(request, format_count(_QUEUED, queue_reencoding(queryset)))
