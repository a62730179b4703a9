"""Actions and lists whose status says nothing: each is performed and its effect checked."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone

from collections_app.models import Collection, Image, IndexState, RelevanceJudgment, Share, User
from tests.sample_team import picture_file, put_picture

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """`collection` and `image` are their own; 0 for people without an account."""

    client: Client
    collection: int
    image: int

    def post(self, address: str, **form: object) -> Any:
        return self.client.post(address, form, headers={"Accept": "application/json"})

    def page(self, address: str) -> str:
        return self.client.get(address, follow=True).content.decode()


Deed = Callable[[Asker, Values], bool]


def _trash(asker: Asker, it: Values) -> bool:
    asker.post("/pictures/trash/", image=it["image"])
    return _is_trashed(it)


def _trash_all(asker: Asker, it: Values) -> bool:
    asker.post("/pictures/trash/", all="1", collection=it["collection"])
    return _is_trashed(it)


def _trash_as_duplicate(asker: Asker, it: Values) -> bool:
    collection = Collection.objects.get(pk=it["collection"])
    keeper = put_picture(collection, collection.creator or User.objects.earliest("pk"), "copy.png", colour="tan")
    asker.post(f"/teams/{it['team']}/duplicates/trash/", keep=keeper.pk, image=it["image"])
    return _is_trashed(it)


def _move_out(asker: Asker, it: Values) -> bool:
    asker.post("/pictures/move/", image=it["image"], target=asker.collection)
    return Image.objects.filter(pk=it["image"], collection=asker.collection).exists()


def _move_in(asker: Asker, it: Values) -> bool:
    asker.post("/pictures/move/", image=asker.image, target=it["collection"])
    return Image.objects.filter(pk=asker.image, collection=it["collection"]).exists()


def _tag(asker: Asker, it: Values) -> bool:
    asker.post("/pictures/tag/", image=it["image"], tags="found")
    return "found" in Image.objects.get(pk=it["image"]).tags


def _download(asker: Asker, it: Values) -> bool:
    answer = asker.post("/pictures/download/", image=it["image"])
    if not answer.streaming:
        return False
    return bool(zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist())


def _restore(asker: Asker, it: Values) -> bool:
    _let_be_trashed(it["image"])
    asker.post("/trash/restore/", image=it["image"])
    return not _is_trashed(it)


def _restore_with_collection(asker: Asker, it: Values) -> bool:
    _let_be_trashed(it["first_image"])
    Collection.objects.filter(pk=it["collection"]).update(trashed_at=timezone.now())
    asker.post("/trash/restore/", image=it["first_image"])
    return Collection.objects.not_trashed().filter(pk=it["collection"]).exists()


def _purge(asker: Asker, it: Values) -> bool:
    _let_be_trashed(it["image"])
    asker.post("/trash/purge/", image=it["image"])
    return not Image.objects.filter(pk=it["image"]).exists()


def _upload(asker: Asker, it: Values) -> bool:
    asker.post("/upload/", collection=it["collection"], files=picture_file("new.png", (1, 2, 3)))
    return Image.objects.filter(collection=it["collection"], original_name="new.png").exists()


def _create_collection(asker: Asker, it: Values) -> bool:
    asker.post("/collections/new/", name="New", team=it["team"])
    return Collection.objects.filter(team=it["team"], name="New").exists()


def _share(asker: Asker, it: Values) -> bool:
    before = Share.objects.filter(collection=it["collection"]).count()
    asker.post(f"/collections/{it['collection']}/sharing/person/", email="staff@example.com", role="viewer")
    invited = Collection.objects.get(pk=it["collection"]).invitations.filter(email="staff@example.com")
    return invited.exists() or Share.objects.filter(collection=it["collection"]).count() > before


def _retry_all(asker: Asker, it: Values) -> bool:
    _let_fail(it)
    asker.post("/indexing/retry/")
    return Image.objects.get(pk=it["image"]).index_state == IndexState.PENDING


def _rate(asker: Asker, it: Values) -> bool:
    asker.post(f"/images/{it['image']}/judgment/", q="red", is_right="yes")
    return RelevanceJudgment.objects.filter(image=it["image"]).exists()


def _in(address: str, sign: str) -> Deed:
    """See a sign of it on a page."""
    return lambda asker, it: sign.format(**it) in asker.page(address.format(**it))


def _in_trash(asker: Asker, it: Values) -> bool:
    _let_be_trashed(it["image"])
    return f"/trash/{it['image']}/thumbnail/" in asker.page("/trash/")


def _among_failed(asker: Asker, it: Values) -> bool:
    _let_fail(it)
    return f"/images/{it['image']}/" in asker.page("/indexing/status/")


def _like_own(asker: Asker, it: Values) -> bool:
    return f'data-image-id="{it["image"]}"' in asker.page(f"/images/{asker.image}/similar/")


def _as_example(asker: Asker, it: Values) -> bool:
    page = asker.page(f"/search/?q=like:{it['image']}")
    return f"/images/{it['image']}/thumbnail/" in page


def _let_fail(it: Values) -> None:
    Image.objects.filter(pk=it["image"]).record_index_state(index_state=IndexState.FAILED, index_error="broken")


def _let_be_trashed(image_id: int) -> None:
    Image.objects.filter(pk=image_id).update(trashed_at=timezone.now())


def _is_trashed(it: Values) -> bool:
    return Image.objects.trashed().filter(pk=it["image"]).exists()


DEEDS: dict[str, Deed] = {
    "trash": _trash,
    "trash-all": _trash_all,
    "trash-copy": _trash_as_duplicate,
    "move-out": _move_out,
    "move-in": _move_in,
    "tag": _tag,
    "download": _download,
    "restore": _restore,
    "restore-all": _restore_with_collection,
    "purge": _purge,
    "upload": _upload,
    "create": _create_collection,
    "share": _share,
    "retry": _retry_all,
    "rate": _rate,
    "in-gallery": _in("/", "/collections/{collection}/"),
    "in-latest": _in("/search/", 'data-image-id="{image}"'),
    "found": _in("/search/?q=red", 'data-image-id="{image}"'),
    "found-there": _in("/search/?q=red&collection={collection}", 'data-image-id="{image}"'),
    "found-in-team": _in("/search/?q=red&team={team}", 'data-image-id="{image}"'),
    "similar": _like_own,
    "example": _as_example,
    "in-collection": _in("/collections/{collection}/", 'data-image-id="{image}"'),
    "in-trash": _in_trash,
    "in-team": _in("/teams/{team}/", "/collections/{collection}/"),
    "failed": _among_failed,
    "a-target": _in("/upload/", '<option value="{collection}"'),
}

TABLE = """
deed           object    anon  link strng shr.v shr.e  view  edit owner    ex staff
trash          active       .     .     .     .   yes     .   yes   yes     .     .
trash-all      active       .     .     .     .   yes     .   yes   yes     .     .
trash-copy     active       .     .     .     .     .     .   yes   yes     .     .
move-out       active       .     .     .     .     .     .   yes   yes     .     .
move-in        active       .     .     .     .   yes     .   yes   yes     .     .
tag            active       .     .     .     .   yes     .   yes   yes     .     .
download       active       .     .     .   yes   yes   yes   yes   yes     .     .
upload         active       .     .     .     .   yes     .   yes   yes     .     .
create         active       .     .     .     .     .     .   yes   yes     .     .
share          active       .     .     .     .     .     .     .   yes     .     .
retry          active       .     .     .     .   yes     .   yes   yes     .     .
rate           active       .     .     .   yes   yes   yes   yes   yes     .     .
in-gallery     active       .     .     .   yes   yes   yes   yes   yes     .     .
in-latest      active       .     .     .   yes   yes   yes   yes   yes     .     .
found          active       .     .     .   yes   yes   yes   yes   yes     .     .
found-there    active       .     .     .   yes   yes   yes   yes   yes     .     .
found-in-team  active       .     .     .   yes   yes   yes   yes   yes     .     .
similar        active       .     .     .   yes   yes   yes   yes   yes     .     .
example        active       .     .     .   yes   yes   yes   yes   yes     .     .
in-collection  active       .     .     .   yes   yes   yes   yes   yes     .     .
in-team        active       .     .     .     .     .   yes   yes   yes     .     .
failed         active       .     .     .   yes   yes   yes   yes   yes     .     .
a-target       active       .     .     .     .   yes     .   yes   yes     .     .
restore        trashed      .     .     .     .   yes     .   yes   yes     .     .
restore-all    trashed      .     .     .     .     .     .   yes   yes     .     .
purge          trashed      .     .     .     .     .     .   yes   yes     .     .
in-trash       trashed      .     .     .     .   yes     .   yes   yes     .     .
"""
