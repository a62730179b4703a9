"""Create the demo: two accounts and three collections of drawn scenes."""

import io
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app.demo.gallery import DemoCollection, draw_picture, get_demo_collections
from collections_app.errors import ImageSearchError
from collections_app.management.run_until_signal import drain_queue_with_progress
from collections_app.models import Collection, Membership, PublicLink, Role, ShareRole, Team, User
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.library.collections import create_collection
from collections_app.services.sharing.accounts import mark_address_verified
from collections_app.services.sharing.public_links import DEMO_ACCOUNT, create_link
from collections_app.services.sharing.shares import share_with_teammate
from collections_app.services.sharing.teams import create_team
from collections_app.services.uploads.ingest import ingest_upload

ACCOUNTS = (DEMO_ACCOUNT, "friend@example.com")
TEAM = "Painters"
PASSWORD = "demo"  # noqa: S105 -- public, printed by the command


class Command(BaseCommand):
    help = "Create the demo's accounts and collections, and index them. A second run changes nothing."

    def handle(self, *_: Any, **__: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        for email in ACCOUNTS:
            user = User.objects.filter(email=email).first() or User.objects.create_user(email, PASSWORD)
            mark_address_verified(user=user)
            for drawn in get_demo_collections():
                _draw_collection(user.personal_team, user, drawn)
        link = _create_shares()
        try:
            ensure_active_model()
            drain_queue_with_progress()
        except ImageSearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Sign in as {' or '.join(ACCOUNTS)}, password: {PASSWORD}")
        self.stdout.write(
            f"Both are members of the team “{TEAM}”. The first one's “{link.collection}” is shared with the second."
        )
        self.stdout.write(f"Public link to it: http://{settings.HOST}:{settings.PORT}/s/{link.secret}/")
        self.stdout.write("Try searching for: a white dog. The demo's small model understands drawn scenes only.")


def _create_shares() -> PublicLink:
    """Create a team of both accounts with a collection, a share between them and a public link, where missing."""
    first, second = (User.objects.get(email=email) for email in ACCOUNTS)
    team = Team.objects.owned_by(first).non_personal().filter(name=TEAM).first() or create_team(name=TEAM, owner=first)
    Membership.objects.get_or_create(team=team, user=second, defaults={"role": Role.EDITOR})
    _draw_collection(team, first, get_demo_collections()[-1])
    shared = Collection.objects.not_trashed().get(team=first.personal_team, name=get_demo_collections()[0].name)
    share_with_teammate(collection=shared, email=second.email, role=ShareRole.VIEWER, sharer=first)
    return shared.public_links.first() or create_link(collection=shared, creator=first)


def _draw_collection(team: Team, user: User, drawn: DemoCollection) -> None:
    """Draw the missing pictures. A complete collection is not changed."""
    collection = Collection.objects.not_trashed().filter(team=team, name=drawn.name).first()
    collection = collection or create_collection(team=team, name=drawn.name, creator=user)
    existing = set(collection.images.values_list("original_name", flat=True))
    missing = [picture for picture in drawn.pictures if picture.file_name not in existing]
    for picture in tqdm(missing, desc=f"{drawn.name} of {team}", unit="picture", disable=not missing):
        ingest_upload(
            file=io.BytesIO(draw_picture(picture)),
            file_name=picture.file_name,
            collection=collection,
            uploader=user,
            title=picture.title,
            tags=picture.tags,
        )
