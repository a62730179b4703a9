"""The roles, and the pictures that they request."""

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from collections_app.models import (
    ArchiveImport,
    Collection,
    Example,
    ExportPart,
    ExportState,
    Image,
    Membership,
    Role,
    SavedSearch,
    Share,
    ShareNotice,
    ShareRole,
    Team,
    TeamExport,
    User,
)
from collections_app.services.library.collections import create_collection
from collections_app.services.sharing.guest_links import GuestLinkTerms, create_guest_link
from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.public_links import create_link, make_collection_key
from collections_app.services.uploads.guest_uploads import receive_guest_file
from tests.sample_team import picture_bytes, put_picture

T = TypeVar("T")

PEOPLE = (
    *("anonymous", "link visitor", "stranger", "share viewer", "share editor"),
    *("team viewer", "team editor", "team owner", "ex-member", "removed member", "staff"),
)
# Columns of the tables that stand for several people.
_COLUMN_PEOPLE = {"ex-member": ("ex-member", "removed member")}
MISSING_ID = 10**9
_NUMBERED = (
    *("collection", "image", "team", "member", "share", "link", "notice", "invitation", "search", "archive"),
    *("guest_link", "waiting", "export", "part"),
)
LINK_PASSWORD = "tulip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`values`: for each kind of object ("active", "trashed", "foreign", "deleted"), what addresses are filled with."""

    clients: dict[str, Client]
    values: dict[str, dict[str, object]]


def spread_over_people(cells: Sequence[T]) -> list[T]:
    """Return one cell for each of PEOPLE, from a row of a table; a single cell is everybody's."""
    if len(cells) == 1:
        return list(cells) * len(PEOPLE)
    same = {name: first for first, names in _COLUMN_PEOPLE.items() for name in names}
    columns = [name for name in PEOPLE if same.get(name, name) == name]
    by_column = dict(zip(columns, cells, strict=True))
    return [by_column[same.get(name, name)] for name in PEOPLE]


def make_scenario() -> Scenario:
    cache.clear()  # attempts at the link's password are counted
    people = {name: User.objects.create_user(f"{name.replace(' ', '-')}@example.com") for name in PEOPLE[2:]}
    User.objects.filter(pk=people["staff"].pk).update(is_staff=True, is_superuser=True)
    team = Team.objects.create(name="Gardeners")
    for role in Role:
        Membership.objects.create(team=team, user=people[f"team {role}"], role=role)
    for name in ("ex-member", "removed member"):
        Membership.objects.create(team=team, user=people[name], role=Role.OWNER)
    active = _make_collection(team, people["team owner"], "Garden")
    trashed = _make_collection(team, people["team owner"], "Compost")
    foreign = _make_collection(_make_foreign_team(), None, "Elsewhere")
    for collection in (active, trashed):
        for share_role in ShareRole:
            Share.objects.create(collection=collection, user=people[f"share {share_role}"], role=share_role)
    viewer = people["share viewer"]
    notices = [
        ShareNotice.objects.create(share=Share.objects.get(collection=collection, user=viewer), user=viewer).pk
        for collection in (active, trashed)
    ]
    hidden = _make_values(trashed, people["team owner"])
    Image.objects.filter(collection=trashed).update(trashed_at=timezone.now())
    Collection.objects.filter(pk=trashed.pk).update(trashed_at=timezone.now())
    alone = put_picture(active, people["team owner"], "alone.png", colour=(3, 200, 3))
    Image.objects.filter(pk=alone.pk).update(trashed_at=timezone.now())
    shown = _make_values(active, people["team owner"], link_password=LINK_PASSWORD)
    left = _sign_in(people["ex-member"]).post(f"/teams/{team.pk}/leave/")
    assert left.headers["Location"] == "/teams/"
    _remove_member_with_everything(people["removed member"], active, _sign_in(people["team owner"]))
    clients = {"anonymous": Client(), "link visitor": _make_link_visitor(str(shown["secret"]))}
    return Scenario(
        clients=clients | {name: _sign_in(user) for name, user in people.items()},
        values={
            "active": shown | {"notice": notices[0]},
            # A picture that lies in the trash alone is a harder case than one whose collection does.
            "trashed": hidden | {"image": alone.pk, "public_id": alone.public_id, "notice": notices[1]},
            "foreign": _make_values(foreign, _get_foreign_user()),
            "deleted": dict.fromkeys(_NUMBERED, MISSING_ID)
            | dict.fromkeys(
                ("secret", "token", "invitation_secret", "collection_key", "guest_secret"), "no-such-secret"
            )
            | {"public_id": uuid.uuid4()},
        },
    )


def _remove_member_with_everything(person: User, collection: Collection, owner: Client) -> None:
    """Remove an owner who also has a share of the collection, and has shared it with others in every way.

    They have a public link, a saved search, an invitation, and a share with a team of their own.
    """
    team = collection.team
    own = Team.objects.create(name="Their own")
    Membership.objects.create(team=own, user=person, role=Role.OWNER)
    Share.objects.bulk_create(
        [
            Share(collection=collection, user=person, role=ShareRole.EDITOR),
            Share(collection=collection, team=own, role=ShareRole.EDITOR, sharer=person),
        ]
    )
    create_link(collection=collection, creator=person)
    invite(email=person.email, role="owner", inviter=person, team=team)
    invite(email=person.email, role="editor", inviter=person, collection=collection)
    SavedSearch.objects.create(maker=person, name="Theirs", query="q=dog", team=team)
    address = f"/teams/{team.pk}/members/{Membership.objects.get(team=team, user=person).pk}/remove/"
    assert owner.post(address).status_code == 302


def _sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _make_link_visitor(secret: str) -> Client:
    client = Client()
    assert client.post(f"/s/{secret}/password/", {"password": LINK_PASSWORD}).status_code == 302
    return client


def _make_foreign_team() -> Team:
    team = Team.objects.create(name="Elsewhere")
    Membership.objects.create(team=team, user=_get_foreign_user(), role=Role.OWNER)
    return team


def _get_foreign_user() -> User:
    return User.objects.filter(email="somebody@example.com").first() or User.objects.create_user("somebody@example.com")


def _make_collection(team: Team, creator: User | None, name: str) -> Collection:
    collection = create_collection(team=team, name=name, creator=creator or _get_foreign_user())
    put_picture(collection, creator or _get_foreign_user(), f"{name}.png", colour=(len(name) * 20, 40, 80))
    return collection


def _make_values(collection: Collection, inviter: User, *, link_password: str = "") -> dict[str, object]:
    image = Image.objects.filter(collection=collection).order_by("pk")[0]
    link = create_link(collection=collection, creator=inviter, password=link_password, allows_download=True)
    extra = User.objects.create_user(f"extra-{collection.pk}@example.com")
    share = Share.objects.create(collection=collection, user=extra, role=ShareRole.VIEWER)
    notice = ShareNotice.objects.create(share=share, user=extra)
    member = Membership.objects.filter(team=collection.team_id).order_by("pk")[0]
    invitation, secret = invite(
        email=f"new-{collection.pk}@example.com", role="viewer", inviter=inviter, collection=collection
    )
    example = Example.objects.create(user=inviter, model_key="m", vector=b"", thumbnail=b"jpeg")
    search = SavedSearch.objects.create(maker=inviter, name="Dogs", query="q=dog", team=collection.team)
    archive = ArchiveImport.objects.create(
        uploader=inviter, collection=collection, original_name="a.zip", byte_size=9, language="en", entry_count=1
    )
    terms = GuestLinkTerms(max_files=9, max_bytes=2**20)
    guest_link = create_guest_link(collection=collection, creator=inviter, terms=terms)
    receive_guest_file(link=guest_link, file=io.BytesIO(picture_bytes("lime")), name="guest.png")
    requester = inviter if link_password else extra  # else it would be another export of the same owner and team
    export = TeamExport.objects.create(team=collection.team, requester=requester, state=ExportState.DONE, language="en")
    file_name = default_storage.save("exports/ab/part.zip", ContentFile(b"zip"))
    part = ExportPart.objects.create(export=export, number=1, file_name=file_name, byte_size=3)
    return {
        "export": export.pk,
        "part": part.pk,
        "guest_link": guest_link.pk,
        "guest_secret": guest_link.secret,
        "waiting": guest_link.uploads.get().pk,
        "archive": archive.pk,
        "collection": collection.pk,
        "image": image.pk,
        "team": collection.team_id,
        "member": member.pk,
        "share": share.pk,
        "link": link.pk,
        "notice": notice.pk,
        "invitation": invitation.pk,
        "search": search.pk,
        "secret": link.secret,
        "collection_key": make_collection_key(link, collection),
        "public_id": image.public_id,
        "invitation_secret": secret,
        "token": example.token,
    }
