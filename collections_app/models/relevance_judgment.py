"""A person's judgment that an image is right or wrong for a query, whichever model found it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.image import Image
from collections_app.models.user import User


class RelevanceJudgmentQuerySet(models.QuerySet["RelevanceJudgment"]):
    def by_user_on_visible_images(self, user: User) -> Self:
        """The user's own judgments on images that they may still see."""
        return self.filter(user=user, image__in=Image.objects.visible_to(user))


class RelevanceJudgment(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="judgments")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="judgments")
    query = models.CharField(max_length=500, help_text=_("The text, in lower case."))
    is_right = models.BooleanField()
    judged_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RelevanceJudgmentQuerySet.as_manager()

    class Meta:
        constraints = [
            # Reader: a results page with rating buttons shows one person's judgments on one query.
            models.UniqueConstraint(fields=["user", "query", "image"], name="judgment_once_per_person_and_query"),
        ]

    def __str__(self) -> str:
        return f"image {self.image_id} is {'right' if self.is_right else 'wrong'} for “{self.query}”"
