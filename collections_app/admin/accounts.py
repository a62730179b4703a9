"""The administration of accounts. Only superusers give rights and change the accounts of staff."""

from typing import Any

from allauth.account import admin as allauth_account_admin
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa import admin as allauth_mfa_admin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as allauth_social_admin
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions import admin as allauth_sessions_admin  # noqa: F401
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from collections_app.admin.audit_trail import AuditedAdmin
from collections_app.admin.deletion import ChunkedDeletionAdmin
from collections_app.models import Membership, PublicLink, Role, Team, User
from collections_app.services.sharing.accounts import delete_account, replace_address, validate_mailbox

# Without this the administration's own sign-in would have no limit on attempts and no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
_FIELDS_OF_SUPERUSERS = ["email", "is_staff", "is_superuser", "groups"]
_DELETE = "delete_selected"  # Django's action


def _is_protected(request: HttpRequest, account: Any) -> bool:
    """Only superusers may change the accounts of staff. Otherwise staff could get the rights of any of them."""
    is_staff = account is not None and (account.is_staff or account.is_superuser)
    return is_staff and not is_superuser(request)


def is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


class UserAdminForm(forms.ModelForm[User]):
    def clean_email(self) -> str:
        """Saving marks the address as verified, so no other account may have verified it."""
        validate_mailbox(self.cleaned_data["email"])
        email: str = self.cleaned_data["email"].lower()
        others = EmailAddress.objects.filter(email__iexact=email, verified=True).exclude(user=self.instance)
        if others.exists():
            raise forms.ValidationError(_("Another account has verified this address."))
        return email


@admin.register(User)
class UserAdmin(ChunkedDeletionAdmin):
    list_display = ["email", "is_active", "is_staff", "date_joined"]
    search_fields = ["email"]
    fields = ["is_active", *_FIELDS_OF_SUPERUSERS, "last_login"]
    form = UserAdminForm

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm[User], change: bool) -> None:
        """Replace the verified addresses by the new one. Otherwise the old one could still reset the password."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            replace_address(user=obj, email=obj.email)

    def delete_row(self, row: User, deleter: User) -> None:
        delete_account(user=row, deleter=deleter)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Allow staff without superuser rights to close accounts only. Other fields lead to more rights."""
        return ["last_login"] if is_superuser(request) else [*_FIELDS_OF_SUPERUSERS, "last_login"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up, or `manage.py createsuperuser` creates them. Both set a password."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return not _is_protected(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return not _is_protected(request, obj) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Protect the last owner of a team. List the public links that are deleted with an account."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        links = PublicLink.objects.filter(creator__in=objs, collection__team__personal_of=None)
        deleted = [*deleted, *map(str, links.select_related("collection"))]
        owners = Membership.objects.staying_owners().exclude(user__in=objs)
        losing = Team.objects.non_personal().filter(memberships__user__in=objs, memberships__role=Role.OWNER)
        for team in losing.exclude(pk__in=owners.values("team")).distinct():
            protected = [*protected, _("Team “%(team)s” needs another owner first.") % {"team": team}]
        return deleted, counts, missing, protected


class AccountPartAdmin(AuditedAdmin):
    """Rows of one account: addresses, second factors, sessions. Only superusers add and change them."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if is_superuser(request) else rows.exclude(Q(user__is_staff=True) | Q(user__is_superuser=True))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        return actions if is_superuser(request) else {name: actions[name] for name in actions if name == _DELETE}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_protected(request, obj and obj.user) and super().has_delete_permission(request, obj)


class EmailAddressAdmin(AccountPartAdmin, allauth_account_admin.EmailAddressAdmin):  # type: ignore[misc]
    pass


class SocialAccountAdmin(AccountPartAdmin, allauth_social_admin.SocialAccountAdmin):  # type: ignore[misc]
    pass


class UserSessionAdmin(AccountPartAdmin):
    list_display = ["user", "created_at", "last_seen_at", "ip", "user_agent"]
    search_fields = ["user__email", "ip"]
    readonly_fields = ["user", "created_at", "last_seen_at", "ip", "user_agent"]


class AuthenticatorAdmin(AccountPartAdmin):
    """For deleting a lost second factor. Its secret is not shown."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    exclude = ["data"]
    readonly_fields = ["user", "type", "created_at", "last_used_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class SuperuserAdmin(AuditedAdmin):
    """Rows that give rights to many accounts at once."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


class SiteGroupAdmin(SuperuserAdmin, GroupAdmin):
    pass


class SocialAppAdmin(SuperuserAdmin, allauth_social_admin.SocialAppAdmin):  # type: ignore[misc]
    exclude = ("secret", "key")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Settings define the provider; a row without its secret would be of no use."""
        return False


class SocialTokenAdmin(SuperuserAdmin, allauth_social_admin.SocialTokenAdmin):  # type: ignore[misc]
    list_display = ("app", "account", "expires_at")
    exclude = ("token", "token_secret")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


# The libraries' pages, which the imports above register, allow staff to change any account.
for _model, _admin in (
    *((EmailAddress, EmailAddressAdmin), (SocialAccount, SocialAccountAdmin), (UserSession, UserSessionAdmin)),
    *((Authenticator, AuthenticatorAdmin), (Group, SiteGroupAdmin), (SocialApp, SocialAppAdmin)),
    (SocialToken, SocialTokenAdmin),
):
    admin.site.unregister(_model)
    admin.site.register(_model, _admin)
