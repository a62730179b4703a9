"""A team with everything that an export contains, and the metadata of an exported folder."""

import json
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from collections_app.imaging import TakenDate
from collections_app.models import Collection, Image, User
from collections_app.services.duplicates.decisions import dismiss_duplicates
from collections_app.services.library.collections import create_collection, describe_collection, select_cover
from collections_app.services.library.dates import DateChange, change_dates
from collections_app.services.library.favourites import set_favourite
from collections_app.services.library.images import edit_image
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, picture_bytes, put_picture


def run_command(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def read_metadata_file(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metadata.json").read_text())
    return found


def put_copy(collection: Collection, uploader: User, name: str, colour: str) -> Image:
    """Store the same bytes again, as moving pictures between teams can."""
    file = BytesIO(picture_bytes(colour))
    return ingest_upload(file=file, file_name=name, collection=collection, uploader=uploader, accepts_copy=True).image


def fill_team(sample: SampleTeam) -> None:
    """Add names that are hard to store, copies, details, a cover, a favourite, a trashed picture, a dismissal."""
    owner, garden = sample.owner, sample.collection
    describe_collection(collection=garden, name="Garden", description="Roses\nand “weeds” <&>", editor=owner)
    slashes = create_collection(team=sample.team, name="2024/Summer: “sea”?", creator=owner)
    create_collection(team=sample.team, name="metadata.json", creator=owner)
    other = put_picture(garden, owner, "ROSE.png", colour="green")
    copy = put_copy(slashes, owner, "rose.png", "green")
    put_copy(garden, owner, "rose.png", "red")
    put_picture(slashes, sample.owner, "rose.png.xmp", colour="black")
    put_picture(slashes, owner, "x" * 300 + ".png", colour="white")
    edit_image(image=sample.image, title="A “rose” & <more>", tags=["flower", "Ёлка"], description="Two\nlines")
    for image, moment, has_time in (
        (sample.image, datetime(2014, 7, 1, 12, 30, 10, 250_000), True),
        (other, datetime(1969, 5, 1), False),
        (copy, datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC), True),
    ):
        change = DateChange(taken=TakenDate(value=moment, has_time=has_time))
        change_dates(images=Image.objects.filter(pk=image.pk), change=change)
    select_cover(collection=garden, image=other)
    set_favourite(user=owner, image=other, is_favourite=True)
    set_favourite(user=sample.viewer, image=copy, is_favourite=True)
    dismiss_duplicates(team=sample.team, image_ids=[other.pk, copy.pk], member=owner)
    trashed = put_picture(garden, owner, "trashed.png", colour="yellow")
    Image.objects.filter(pk=trashed.pk).update(trashed_at=datetime(2024, 1, 1, tzinfo=UTC))
