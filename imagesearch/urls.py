"""The site's URLs: those of the application, of accounts and of the admin."""

from allauth.socialaccount.views import login_error
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path

from collections_app.views.accounts.addresses import addresses, confirm_unless_taken, signup_unless_taken
from collections_app.views.accounts.oidc import oidc_callback, oidc_login

urlpatterns = [
    path("accounts/oidc/<str:provider_id>/login/", oidc_login),
    path("accounts/oidc/<str:provider_id>/login/callback/", oidc_callback),
    # allauth does not mark this page, which people see who could not sign in.
    path("accounts/3rdparty/login/error/", login_not_required(login_error), name="socialaccount_login_error"),
    path("accounts/email/", addresses, name="account_email"),
    path("accounts/signup/", signup_unless_taken, name="account_signup"),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", confirm_unless_taken, name="account_confirm_email"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("collections_app.urls")),
]

handler400 = "collections_app.views.refusals.respond_bad_request"
handler403 = "collections_app.views.refusals.respond_permission_denied"
handler404 = "collections_app.views.refusals.respond_not_found"
handler429 = "collections_app.views.refusals.respond_too_many_requests"
handler500 = "collections_app.views.refusals.respond_server_error"
