"""People who upload, move, trash, restore and delete pictures until the site is lost, and what its answers promised."""

import hashlib
import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from PIL import Image

from tests.processes.visitor import Visitor

_EDGE_PX = 64
_PAUSE_S = 0.1
_WEIGHTS = {"upload": 5, "move": 3, "trash": 2, "restore": 1, "purge": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a picture is."""

    collection: int
    is_trashed: bool = False


@dataclass(slots=True, kw_only=True)
class Change:
    """A request that moved a picture to a place, or deleted it (None). It has happened for certain once answered."""

    place: Place | None
    begun: float
    answered: float | None = None


@dataclass(slots=True, kw_only=True)
class Picture:
    sha256: str
    pk: int = 0
    changes: list[Change] = field(default_factory=list)

    @property
    def place(self) -> Place | None:
        return self.changes[-1].place

    def list_possible_places(self, earliest: float, latest: float) -> set[Place | None]:
        """Return where the picture may be at a moment between the two. None: it does not exist."""
        places: set[Place | None] = {None}
        for change in self.changes:
            if change.begun > latest:
                break
            if change.answered is not None and change.answered < earliest:
                places.clear()
            places.add(change.place)
        return places


_FindPlace = Callable[[int], Place | None]


class Library:
    """The pictures of all people. A picture that somebody changes is not changed by another person."""

    def __init__(self, collections: Sequence[int]) -> None:
        self.collections = collections
        self.pictures: list[Picture] = []
        self._idle: list[Picture] = []
        self._lock = threading.Lock()

    def add(self, picture: Picture) -> None:
        with self._lock:
            self.pictures.append(picture)

    def take(self, choices: random.Random, *, trashed: bool) -> Picture | None:
        """Return a picture that nobody changes, or None. Put it back after the change."""
        with self._lock:
            possible = [each for each in self._idle if each.place and each.place.is_trashed == trashed]
            if not possible:
                return None
            picture = choices.choice(possible)
            self._idle.remove(picture)
            return picture

    def put_back(self, picture: Picture) -> None:
        with self._lock:
            self._idle.append(picture)


class Person(threading.Thread):
    """Acts until a request fails after `lost` was set. An earlier failure is the person's `error`."""

    def __init__(self, visitor: Visitor, library: Library, lost: threading.Event, seed: int) -> None:
        super().__init__(daemon=True)
        self.counts: Counter[str] = Counter()
        self.error: Exception | None = None
        self._visitor = visitor
        self._library = library
        self._lost = lost
        self._choices = random.Random(seed)

    def run(self) -> None:
        acts = [getattr(self, f"_{name}") for name in _WEIGHTS]
        while not self._lost.is_set():
            try:
                self._choices.choices(acts, list(_WEIGHTS.values()))[0]()
            except (requests.RequestException, AssertionError) as error:
                if not self._lost.is_set():
                    self.error = error
                return
            time.sleep(self._choices.uniform(0, _PAUSE_S))

    def _upload(self) -> None:
        content = draw_noise_picture(self._choices)
        picture = Picture(sha256=hashlib.sha256(content).hexdigest())
        collection = self._choices.choice(self._library.collections)
        with _record(picture, Place(collection=collection)):
            self._library.add(picture)
            path = f"/collections/{collection}/upload/"
            answer = self._visitor.submit(path, files={"files": (f"{picture.sha256[:8]}.png", content)})
            assert answer.status_code == 201, answer.text
        picture.pk = answer.json()["id"]
        self._finish("uploads", picture)

    def _move(self) -> None:
        if picture := self._library.take(self._choices, trashed=False):
            target = self._choices.choice(self._library.collections)
            with _record(picture, Place(collection=target)):
                self._post("/pictures/move/", picture, target=str(target))
            self._finish("moves", picture)

    def _trash(self) -> None:
        self._change("/pictures/trash/", "moves to trash", lambda place: Place(collection=place, is_trashed=True))

    def _restore(self) -> None:
        self._change("/trash/restore/", "restored from trash", lambda place: Place(collection=place), trashed=True)

    def _purge(self) -> None:
        self._change("/trash/purge/", "deletions", lambda _place: None, trashed=True)

    def _change(self, path: str, name: str, find_place: _FindPlace, *, trashed: bool = False) -> None:
        picture = self._library.take(self._choices, trashed=trashed)
        if picture and picture.place:
            with _record(picture, find_place(picture.place.collection)):
                removed = self._post(path, picture)["removed"]
                assert removed == [picture.pk], removed
            self._finish(name, picture)

    def _post(self, path: str, picture: Picture, **fields: str) -> dict[str, list[int]]:
        data = {**fields, "image": str(picture.pk), "csrfmiddlewaretoken": self._visitor.token}
        address, headers = f"{self._visitor.address}{path}", {"Accept": "application/json"}
        answer = self._visitor.session.post(address, data=data, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def _finish(self, name: str, picture: Picture) -> None:
        self.counts[name] += 1
        self._library.put_back(picture)


@contextmanager
def _record(picture: Picture, place: Place | None) -> Iterator[None]:
    """Record a change with the time before its request and, if the block does not raise, the time after its answer."""
    change = Change(place=place, begun=time.time())
    picture.changes.append(change)
    yield
    change.answered = time.time()


def draw_noise_picture(choices: random.Random) -> bytes:
    """Return a PNG of 12 KB that no other call returns."""
    buffer = io.BytesIO()
    size = (_EDGE_PX, _EDGE_PX)
    Image.frombytes("RGB", size, choices.randbytes(3 * _EDGE_PX * _EDGE_PX)).save(buffer, "PNG")
    return buffer.getvalue()
