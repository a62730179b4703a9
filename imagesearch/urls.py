"""The site's addresses: the application's own, the accounts' and the admin's."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("", include("collections_app.urls")),
]
