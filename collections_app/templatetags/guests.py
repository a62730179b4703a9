"""The number of pictures of guests that wait for approval."""

from django import template

from collections_app.models import Collection, GuestUpload

register = template.Library()


@register.simple_tag
def count_waiting_pictures(collection: Collection) -> int:
    return GuestUpload.objects.waiting_in(collection).count()
