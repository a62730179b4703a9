"""The pages and commands that are measured: each a name and what does it once."""

import io
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from collections_app.models import Collection, Image, PublicLink, Team, User
from collections_app.services.library.trash import purge_trash, restore_images, trash_images
from collections_app.services.maintenance import run_maintenance
from tests.benchmarks.large_site.filling import ADMIN, BIG_TEAM, GUEST, LARGE, MEMBER, OWNER, SMALL, WORDS

PAGES_FORWARD = 1000
BULK = 500
_NEXT = re.compile(r'<a[^>]*rel="next"[^>]*href="([^"]+)"')
_ADMIN_LISTS = ("image", "collection", "team", "user", "indexjob", "share", "publiclink")

_fresh = itertools.count()
_chosen: list[int] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`prepare` is not measured. It returns what `run` gets, and None if there is no such page."""

    name: str
    run: Callable[[str], object]
    prepare: Callable[[], str | None] = lambda: ""
    is_linear: bool = False


def list_tasks(pattern: str = "") -> list[Task]:
    """Return the tasks whose names match a regular expression, pages first: commands change the installation."""
    return [task for task in (*_list_pages(), *_list_commands()) if re.search(pattern, task.name)]


def _list_pages() -> Iterator[Task]:
    owner, member, guest, admin = map(_Visitor, (OWNER, MEMBER, GUEST, ADMIN))
    team = Team.objects.get(name=BIG_TEAM)
    large, small = Collection.objects.get(name=LARGE), Collection.objects.get(name=SMALL)
    pictures = Image.objects.not_trashed().filter(collection=large)
    picture = pictures[len(pictures[:1000]) // 2]
    collection = reverse("collection", args=[large.pk])
    yield owner.visit("gallery", reverse("gallery"))
    yield owner.visit_later("gallery, page {} or last", reverse("gallery"))
    yield owner.visit("all pictures", reverse("search"))
    yield owner.visit_later("all pictures, page {} or last", reverse("search"))
    yield owner.visit("collection", collection)
    yield owner.visit_later("collection, page {} or last", collection)
    yield owner.search("search, fresh", "{}")
    yield owner.visit("search, repeated", _build_search_address("always the same"))
    yield owner.visit_next("search, next results", f"{_build_search_address('always the same')}&all=1")
    yield owner.search("search, tag of 1 %", "{} tag:tag5")
    yield owner.search("search, tag of 0.1 %", "{} tag:rare")
    yield owner.search("search, dates and shape", "{} after:2021 before:2024 landscape")
    yield owner.search("search in a collection", f'{{}} in:"{SMALL}"')
    yield owner.search("like: and words", f"like:{picture.pk} {{}}")
    yield owner.search("X + Y - Z", "{} + boat -snow")
    yield owner.visit("filters only", _build_search_address("tag:tag5 after:2021 landscape"))
    yield owner.visit("filters only, by date", _build_search_address("tag:tag5 sort:date"))
    yield owner.visit("names match", _build_search_address(f"{WORDS[0]} {WORDS[1]}"))
    yield owner.visit_if_there("suggestions", "suggestions")
    yield owner.visit("many names match", _build_search_address(WORDS[0]))
    yield owner.visit("picture", reverse("image", args=[picture.pk]))
    yield owner.visit("similar pictures", reverse("image_similar", args=[picture.pk]))
    yield owner.visit("trash", reverse("trash"))
    yield owner.visit("duplicates", reverse("team_duplicates", args=[team.pk]))
    yield owner.visit("teams", reverse("team_list"))
    yield owner.visit("team", reverse("team", args=[team.pk]))
    yield owner.visit("sharing", reverse("collection_sharing", args=[large.pk]))
    yield owner.visit("saved searches", reverse("saved_searches"))
    yield owner.visit("upload", reverse("upload"))
    yield owner.visit("delete a collection", reverse("collection_delete", args=[large.pk]))
    yield owner.visit("account", reverse("account"))
    yield owner.visit("indexing status", reverse("indexing_status"))
    yield member.visit("301 teams: gallery", reverse("gallery"))
    yield member.visit("301 teams: all pictures", reverse("search"))
    yield member.search("301 teams: search", "{}")
    yield guest.visit("guest: gallery", reverse("gallery"))
    yield guest.visit("guest: collection", reverse("collection", args=[small.pk]))
    yield guest.search("guest: search", "{}")
    yield from _list_public_pages(large)
    for model in _ADMIN_LISTS:
        yield admin.visit(f"admin: {model}", reverse(f"admin:collections_app_{model}_changelist"))
    # It matches parts of words, which no database index finds.
    yield admin.visit(
        "admin: image, found", f"{reverse('admin:collections_app_image_changelist')}?q=IMG_0000001", is_linear=True
    )


def _list_public_pages(large: Collection) -> Iterator[Task]:
    visitor = _Visitor("")
    secret = PublicLink.objects.get(collection=large).secret
    address = reverse("public_link", args=[secret])
    picture = Image.objects.not_trashed().filter(collection=large)[0]
    yield visitor.visit("public link", address)
    yield visitor.visit_later("public link, page {} or last", address)
    yield visitor.visit("public search", f"{reverse('public_search', args=[secret])}?q=boat")
    yield visitor.visit("public picture", reverse("public_image", args=[secret, picture.public_id]))


def _list_commands() -> Iterator[Task]:
    def check(_: str) -> None:
        output = io.StringIO()
        try:
            call_command("reindex", check=True, stdout=output)
        except SystemExit as stop:
            if stop.code:
                raise RuntimeError(f"database and index differ: {output.getvalue()}") from stop

    def search(text: str) -> None:
        call_command("search", text, user=OWNER, stdout=io.StringIO(), stderr=io.StringIO())

    yield Task(name="command: search", run=search, prepare=_make_text)
    yield Task(name="command: reindex --check", run=check, is_linear=True)
    yield Task(name="command: maintenance", run=lambda _: run_maintenance(), is_linear=True)
    yield Task(name=f"bulk: trash {BULK}", run=_trash, prepare=_select_first)
    yield Task(name=f"bulk: restore {BULK}", run=_restore, prepare=_select_and_trash)
    yield Task(name=f"bulk: purge {BULK}", run=_purge, prepare=_select_and_trash)


class _Visitor:
    """A browser that is signed in; with an empty address, one that is not."""

    def __init__(self, email: str) -> None:
        self._client = Client(SERVER_NAME="localhost")
        if email:
            self._client.force_login(User.objects.get(email=email))

    def visit(self, name: str, address: str, *, is_linear: bool = False) -> Task:
        return Task(name=name, run=self._get, prepare=lambda: address, is_linear=is_linear)

    def visit_if_there(self, name: str, url_name: str) -> Task:
        """A page that this version may not have."""
        return Task(name=name, run=self._get, prepare=lambda: _find_address(url_name))

    def search(self, name: str, query: str) -> Task:
        """`query` with "{}" for words that nobody has searched for."""
        return Task(name=name, run=self._get, prepare=lambda: _build_search_address(query.format(_make_text())))

    def visit_next(self, name: str, address: str) -> Task:
        return Task(name=name, run=self._get, prepare=lambda: self._find_next(address))

    def visit_later(self, name: str, address: str) -> Task:
        found: list[str] = []

        def prepare() -> str:
            if not found:
                found.append(self._find_later(address))
            return found[0]

        return Task(name=name.format(f"{PAGES_FORWARD:,}"), run=self._get, prepare=prepare)

    def _get(self, address: str) -> str:
        response = self._client.get(address)
        body: bytes = response.getvalue()
        if response.status_code != 200:
            raise RuntimeError(f"status {response.status_code}")
        return body.decode()

    def _find_next(self, address: str) -> str | None:
        found = _NEXT.search(self._get(address))
        return urljoin(address, unescape(found[1])) if found else None

    def _find_later(self, address: str) -> str:
        """Return the 1,000th page, or the last one if there are fewer. Pages with numbers are reached at once."""
        for _ in range(PAGES_FORWARD - 1):
            following = self._find_next(address)
            if following is None:
                break
            address, query = following, parse_qs(urlsplit(following).query)
            if query.get("page") == ["2"]:
                return f"{urlsplit(address).path}?{urlencode({**query, 'page': PAGES_FORWARD}, doseq=True)}"
        return address


def _find_address(url_name: str) -> str | None:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None


def _build_search_address(text: str) -> str:
    return f"{reverse('search')}?{urlencode({'q': text})}"


def _make_text() -> str:
    return f"boat number {next(_fresh)}"


def _select_first() -> str:
    """Restore what is in the trash, and select the first BULK pictures of the big team for the next action."""
    _restore()
    some = Image.objects.not_trashed().filter(collection__team__name=BIG_TEAM).order_by("pk")
    _chosen[:] = some.values_list("pk", flat=True)[:BULK]
    return ""


def _select_and_trash() -> str:
    return _trash(_select_first())


def _trash(_: str = "") -> str:
    trash_images(images=Image.objects.among(_chosen), trasher=User.objects.get(email=OWNER))
    return ""


def _restore(_: str = "") -> str:
    restore_images(images=Image.objects.trashed().among(_chosen))
    return ""


def _purge(_: str = "") -> int:
    return purge_trash(images=Image.objects.trashed().among(_chosen))
