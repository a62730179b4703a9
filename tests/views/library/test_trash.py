"""The trash page: what happens without a selection."""

import pytest
from django.test import Client

from collections_app.models import Image
from collections_app.services.library.trash import trash_images
from tests.sample_team import SampleTeam


@pytest.mark.parametrize("action", ["restore", "purge"])
def test_nothing_selected_asks_to_select_pictures(action: str, as_owner: Client, sample: SampleTeam) -> None:
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    page = as_owner.post(f"/trash/{action}/", follow=True).content.decode()
    assert "Select pictures first." in page
    assert "0 pictures" not in page
    assert list(Image.objects.trashed()) == [sample.image]
