"""The application's addresses."""

from django.urls import path

from collections_app.views import account, collections, files, gallery, images, search, status, uploads

urlpatterns = [
    path("", gallery.gallery, name="gallery"),
    path("search/", search.search, name="search"),
    path("upload/", uploads.upload, name="upload"),
    path("collections/new/", collections.create_collection, name="collection_create"),
    path("collections/<int:pk>/", collections.show_collection, name="collection"),
    path("collections/<int:pk>/rename/", collections.rename_collection, name="collection_rename"),
    path("collections/<int:pk>/delete/", collections.delete_collection, name="collection_delete"),
    path("collections/<int:pk>/upload/", uploads.upload_to_collection, name="collection_upload"),
    path("images/<int:pk>/", images.show_image, name="image"),
    path("images/<int:pk>/edit/", images.edit_image, name="image_edit"),
    path("images/<int:pk>/delete/", images.delete_image, name="image_delete"),
    path("images/<int:pk>/similar/", images.similar_images, name="image_similar"),
    path("images/<int:pk>/file/", files.image_file, name="image_file"),
    path("images/<int:pk>/download/", files.image_download, name="image_download"),
    path("images/<int:pk>/thumbnail/", files.image_thumbnail, name="image_thumbnail"),
    path("images/<int:pk>/preview/", files.image_preview, name="image_preview"),
    path("indexing/status/", status.indexing_status, name="indexing_status"),
    path("indexing/retry/", status.retry_indexing, name="retry_indexing"),
    path("account/", account.account, name="account"),
    path("healthz/", status.healthz, name="healthz"),
]
