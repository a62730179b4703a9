"""The site's URLs: those of the application, of accounts and of the admin."""

from django.contrib import admin
from django.urls import include, path

from collections_app.views.accounts.oidc import oidc_callback, oidc_login

urlpatterns = [
    path("accounts/oidc/<str:provider_id>/login/", oidc_login),
    path("accounts/oidc/<str:provider_id>/login/callback/", oidc_callback),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("collections_app.urls")),
]
