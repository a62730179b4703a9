"""The site's addresses: the application's own, the accounts' and the admin's."""

from django.contrib import admin
from django.urls import include, path

from collections_app.views.accounts.oidc import come_back_from_provider, leave_for_provider

urlpatterns = [
    path("accounts/oidc/<str:provider_id>/login/", leave_for_provider),
    path("accounts/oidc/<str:provider_id>/login/callback/", come_back_from_provider),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("collections_app.urls")),
]
