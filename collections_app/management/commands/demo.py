"""Fill the site with the demo: two accounts and three collections of drawn scenes."""

import io
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app.demo.gallery import DemoCollection, demo_collections, draw_picture
from collections_app.errors import ImageSearchError
from collections_app.management.working import work_off_with_progress
from collections_app.models import Collection, User
from collections_app.services.library import create_collection
from collections_app.services.uploads import ingest_upload

ACCOUNTS = ("demo@example.com", "friend@example.com")
PASSWORD = "demo"  # noqa: S105 -- printed for everybody to use


class Command(BaseCommand):
    help = "Make the demo's accounts and collections, and index them. A second run changes nothing."

    def handle(self, *_: Any, **__: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        for email in ACCOUNTS:
            user = User.objects.filter(email=email).first() or User.objects.create_user(email, PASSWORD)
            for drawn in demo_collections():
                _fill(user, drawn)
        try:
            work_off_with_progress()
        except ImageSearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Sign in as {' or '.join(ACCOUNTS)}, password: {PASSWORD}")
        self.stdout.write("Try: a white dog. The demo's small model understands drawn scenes only.")


def _fill(user: User, drawn: DemoCollection) -> None:
    """Draw what is missing; a collection that is complete is not touched."""
    team = user.personal_team
    collection = Collection.objects.filter(team=team, name=drawn.name).first()
    collection = collection or create_collection(team=team, name=drawn.name, creator=user)
    known = set(collection.images.values_list("original_name", flat=True))
    missing = [picture for picture in drawn.pictures if picture.file_name not in known]
    for picture in tqdm(missing, desc=f"{drawn.name} of {user}", unit="picture", disable=not missing):
        ingest_upload(
            file=io.BytesIO(draw_picture(picture)),
            file_name=picture.file_name,
            collection=collection,
            uploader=user,
            title=picture.title,
            tags=picture.tags,
        )
