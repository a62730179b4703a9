"""Actions and lists whose status says nothing: each is performed and its effect checked."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client
from django.utils import timezone

from collections_app.models import Collection, Favourite, Image, IndexState, RelevanceJudgment, Share, User
from tests.sample_team import picture_file, put_picture

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """`collection` and `image` are their own; 0 for people without an account."""

    client: Client
    collection: int
    image: int

    def post(self, address: str, **form: object) -> Any:
        return self.client.post(address, form, headers={"Accept": "application/json"})

    def page(self, address: str) -> str:
        return self.client.get(address, follow=True).content.decode()


Action = Callable[[Requester, Values], bool]


def _trash(requester: Requester, target: Values) -> bool:
    requester.post("/pictures/trash/", image=target["image"])
    return _is_trashed(target)


def _trash_all(requester: Requester, target: Values) -> bool:
    requester.post("/pictures/trash/", all="1", collection=target["collection"])
    return _is_trashed(target)


def _trash_as_duplicate(requester: Requester, target: Values) -> bool:
    collection = Collection.objects.get(pk=target["collection"])
    keeper = put_picture(collection, collection.creator or User.objects.earliest("pk"), "copy.png", colour="tan")
    requester.post(f"/teams/{target['team']}/duplicates/trash/", keep=keeper.pk, image=target["image"])
    return _is_trashed(target)


def _move_out(requester: Requester, target: Values) -> bool:
    requester.post("/pictures/move/", image=target["image"], target=requester.collection)
    return Image.objects.filter(pk=target["image"], collection=requester.collection).exists()


def _move_in(requester: Requester, target: Values) -> bool:
    requester.post("/pictures/move/", image=requester.image, target=target["collection"])
    return Image.objects.filter(pk=requester.image, collection=target["collection"]).exists()


def _tag(requester: Requester, target: Values) -> bool:
    requester.post("/pictures/tag/", image=target["image"], tags="found")
    return "found" in Image.objects.get(pk=target["image"]).tags


def _set_date(requester: Requester, target: Values) -> bool:
    requester.post("/pictures/date/", image=target["image"], taken_on="1985-07-01")
    return Image.objects.filter(pk=target["image"], taken_at__isnull=False).exists()


def _shift_date(requester: Requester, target: Values) -> bool:
    before = datetime(2020, 1, 2, 3, 4, 5)
    Image.objects.filter(pk=target["image"]).update(taken_at=before, has_taken_time=True)
    requester.post("/pictures/date/shift/", image=target["image"], hours="1")
    return not Image.objects.filter(pk=target["image"], taken_at=before).exists()


def _edit_date(requester: Requester, target: Values) -> bool:
    requester.post(f"/images/{target['image']}/edit/", taken_on="1985-07-01")
    return Image.objects.filter(pk=target["image"], taken_at__isnull=False).exists()


def _download(requester: Requester, target: Values) -> bool:
    answer = requester.post("/pictures/download/", image=target["image"])
    if not answer.streaming:
        return False
    return bool(zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist())


def _restore(requester: Requester, target: Values) -> bool:
    _set_trashed(target["image"])
    requester.post("/trash/restore/", image=target["image"])
    return not _is_trashed(target)


def _restore_with_collection(requester: Requester, target: Values) -> bool:
    _set_trashed(target["first_image"])
    Collection.objects.filter(pk=target["collection"]).update(trashed_at=timezone.now())
    requester.post("/trash/restore/", image=target["first_image"])
    return Collection.objects.not_trashed().filter(pk=target["collection"]).exists()


def _purge(requester: Requester, target: Values) -> bool:
    _set_trashed(target["image"])
    requester.post("/trash/purge/", image=target["image"])
    return not Image.objects.filter(pk=target["image"]).exists()


def _upload(requester: Requester, target: Values) -> bool:
    requester.post("/upload/", collection=target["collection"], files=picture_file("new.png", (1, 2, 3)))
    return Image.objects.filter(collection=target["collection"], original_name="new.png").exists()


def _create_collection(requester: Requester, target: Values) -> bool:
    requester.post("/collections/new/", name="New", team=target["team"])
    return Collection.objects.filter(team=target["team"], name="New").exists()


def _share(requester: Requester, target: Values) -> bool:
    before = Share.objects.filter(collection=target["collection"]).count()
    requester.post(f"/collections/{target['collection']}/sharing/person/", email="staff@example.com", role="viewer")
    invited = Collection.objects.get(pk=target["collection"]).invitations.filter(email="staff@example.com")
    return invited.exists() or Share.objects.filter(collection=target["collection"]).count() > before


def _retry_all(requester: Requester, target: Values) -> bool:
    _set_failed(target)
    requester.post("/indexing/retry/")
    return Image.objects.get(pk=target["image"]).index_state == IndexState.PENDING


def _rate(requester: Requester, target: Values) -> bool:
    requester.post(f"/images/{target['image']}/judgment/", q="red", is_right="yes")
    return RelevanceJudgment.objects.filter(image=target["image"]).exists()


def _add_favourite(requester: Requester, target: Values) -> bool:
    requester.post(f"/images/{target['image']}/favourite/", is_favourite="yes")
    requester.post("/pictures/favourite/", image=target["image"])
    return Favourite.objects.filter(image=target["image"]).exists()


def _is_listed_as_favourite(requester: Requester, target: Values) -> bool:
    """See a picture that the person made a favourite when they could see it."""
    user_id = requester.client.session.get("_auth_user_id")
    if user_id:
        Favourite.objects.create(user_id=user_id, image_id=target["image"])
    return f'data-image-id="{target["image"]}"' in requester.page("/favourites/")


def _is_shown_on(address: str, sign: str) -> Action:
    """See a sign of the target on a page."""
    return lambda requester, target: sign.format(**target) in requester.page(address.format(**target))


def _is_listed_in_trash(requester: Requester, target: Values) -> bool:
    _set_trashed(target["image"])
    return f"/trash/{target['image']}/thumbnail/" in requester.page("/trash/")


def _is_listed_as_failed(requester: Requester, target: Values) -> bool:
    _set_failed(target)
    return f"/images/{target['image']}/" in requester.page("/indexing/status/")


def _is_similar_to_own(requester: Requester, target: Values) -> bool:
    return f'data-image-id="{target["image"]}"' in requester.page(f"/images/{requester.image}/similar/")


def _works_as_example(requester: Requester, target: Values) -> bool:
    page = requester.page(f"/search/?q=like:{target['image']}")
    return f"/images/{target['image']}/thumbnail/" in page


def _set_failed(target: Values) -> None:
    Image.objects.filter(pk=target["image"]).record_index_state(index_state=IndexState.FAILED, index_error="broken")


def _set_trashed(image_id: int) -> None:
    Image.objects.filter(pk=image_id).update(trashed_at=timezone.now())


def _is_trashed(target: Values) -> bool:
    return Image.objects.trashed().filter(pk=target["image"]).exists()


ACTIONS: dict[str, Action] = {
    "trash": _trash,
    "trash-all": _trash_all,
    "trash-copy": _trash_as_duplicate,
    "move-out": _move_out,
    "move-in": _move_in,
    "tag": _tag,
    "set-date": _set_date,
    "shift-date": _shift_date,
    "edit-date": _edit_date,
    "download": _download,
    "restore": _restore,
    "restore-all": _restore_with_collection,
    "purge": _purge,
    "upload": _upload,
    "create": _create_collection,
    "share": _share,
    "retry": _retry_all,
    "rate": _rate,
    "favourite": _add_favourite,
    "in-favourites": _is_listed_as_favourite,
    "in-gallery": _is_shown_on("/", "/collections/{collection}/"),
    "in-latest": _is_shown_on("/search/", 'data-image-id="{image}"'),
    "found": _is_shown_on("/search/?q=red", 'data-image-id="{image}"'),
    "found-there": _is_shown_on("/search/?q=red&collection={collection}", 'data-image-id="{image}"'),
    "found-in-team": _is_shown_on("/search/?q=red&team={team}", 'data-image-id="{image}"'),
    "similar": _is_similar_to_own,
    "example": _works_as_example,
    "in-collection": _is_shown_on("/collections/{collection}/", 'data-image-id="{image}"'),
    "in-trash": _is_listed_in_trash,
    "in-team": _is_shown_on("/teams/{team}/", "/collections/{collection}/"),
    "failed": _is_listed_as_failed,
    "upload-target": _is_shown_on("/upload/", '<option value="{collection}"'),
}

TABLE = """
action         object    anon  link strng shr.v shr.e  view  edit owner    ex staff
trash          active       .     .     .     .   yes     .   yes   yes     .     .
trash-all      active       .     .     .     .   yes     .   yes   yes     .     .
trash-copy     active       .     .     .     .     .     .   yes   yes     .     .
move-out       active       .     .     .     .     .     .   yes   yes     .     .
move-in        active       .     .     .     .   yes     .   yes   yes     .     .
tag            active       .     .     .     .   yes     .   yes   yes     .     .
set-date       active       .     .     .     .   yes     .   yes   yes     .     .
shift-date     active       .     .     .     .   yes     .   yes   yes     .     .
edit-date      active       .     .     .     .   yes     .   yes   yes     .     .
download       active       .     .     .   yes   yes   yes   yes   yes     .     .
upload         active       .     .     .     .   yes     .   yes   yes     .     .
create         active       .     .     .     .     .     .   yes   yes     .     .
share          active       .     .     .     .     .     .     .   yes     .     .
retry          active       .     .     .     .   yes     .   yes   yes     .     .
rate           active       .     .     .   yes   yes   yes   yes   yes     .     .
favourite      active       .     .     .   yes   yes   yes   yes   yes     .     .
in-favourites  active       .     .     .   yes   yes   yes   yes   yes     .     .
in-gallery     active       .     .     .   yes   yes   yes   yes   yes     .     .
in-latest      active       .     .     .   yes   yes   yes   yes   yes     .     .
found          active       .     .     .   yes   yes   yes   yes   yes     .     .
found-there    active       .     .     .   yes   yes   yes   yes   yes     .     .
found-in-team  active       .     .     .     .     .   yes   yes   yes     .     .
similar        active       .     .     .   yes   yes   yes   yes   yes     .     .
example        active       .     .     .   yes   yes   yes   yes   yes     .     .
in-collection  active       .     .     .   yes   yes   yes   yes   yes     .     .
in-team        active       .     .     .     .     .   yes   yes   yes     .     .
failed         active       .     .     .   yes   yes   yes   yes   yes     .     .
upload-target  active       .     .     .     .   yes     .   yes   yes     .     .
restore        trashed      .     .     .     .   yes     .   yes   yes     .     .
restore-all    trashed      .     .     .     .     .     .   yes   yes     .     .
purge          trashed      .     .     .     .     .     .   yes   yes     .     .
in-trash       trashed      .     .     .     .   yes     .   yes   yes     .     .
"""
