"""A sample team with a collection and a picture, an owner, a viewer and an outsider; pictures for tests."""

import io
from dataclasses import dataclass
from functools import cache

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Pillow

from collections_app.models import Collection, Image, Membership, Role, Team, User
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload

CLOSED_PORT = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTeam:
    team: Team
    owner: User
    viewer: User
    outsider: User
    collection: Collection
    image: Image


def make_sample_team() -> SampleTeam:
    owner, viewer, outsider = (
        User.objects.create_user(f"{name}@example.com", "a long password") for name in ("owner", "viewer", "outsider")
    )
    team = Team.objects.create(name="Gardeners")
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    collection = create_collection(team=team, name="Garden", creator=owner)
    image = put_picture(collection, owner, "rose.png", colour="red")
    return SampleTeam(team=team, owner=owner, viewer=viewer, outsider=outsider, collection=collection, image=image)


def sign_in_client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@cache
def picture_bytes(colour: str | tuple[int, int, int] = "red", size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def picture_file(name: str = "red.png", colour: str | tuple[int, int, int] = "red") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes(colour), "image/png")


def put_picture(
    collection: Collection, uploader: User, name: str, colour: str | tuple[int, int, int] = "blue", title: str = ""
) -> Image:
    file = io.BytesIO(picture_bytes(colour))
    return ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader, title=title).image


def put_pictures(sample: SampleTeam, count: int) -> None:
    for number in range(count):
        put_picture(sample.collection, sample.owner, f"{number}.png", colour=(number, 90, 200))
