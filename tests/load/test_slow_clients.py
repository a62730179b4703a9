"""200 slow connections of five sorts keep neither the health check nor a search waiting.

These tests assert timings, because the two bounds are the guarantee. The short form runs beside other tests and
allows three times as long.
"""

import io
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest
from PIL import Image

from tests.load.conftest import SHORT_S
from tests.load.crowd import PER_SORT, SORTS, Crowd, Target
from tests.processes.installation import Installation
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process

HEALTH_S = 1.0
SEARCH_S = 5.0
PICTURES = 8
EDGE_PX = 1200
WARM_UP_SEARCHES = 12


@pytest.fixture(scope="module")
def target(site: Installation, visitor: Visitor) -> Target:
    """The site with pictures whose ZIP file is larger than what connections hold for clients that do not read."""
    pictures = [
        visitor.submit("/upload/", files={"files": ("n.jpg", draw_noise())}, new_name="Mine") for _ in range(PICTURES)
    ]
    ids = [picture.json()["id"] for picture in pictures]
    # Several times, so that each web process has loaded its model.
    assert {visitor.search("warm up") for _ in range(WARM_UP_SEARCHES)} == {200}
    fields = [("csrfmiddlewaretoken", visitor.token), *(("image", str(pk)) for pk in ids)]
    return Target(
        port=site.port,
        cookies="; ".join(f"{each.name}={each.value}" for each in visitor.session.cookies),
        form="&".join(f"{name}={value}" for name, value in fields),
        picture_path=f"/images/{ids[0]}/file/",
    )


@pytest.fixture
def patience(load_s: float) -> int:
    return 3 if load_s == SHORT_S else 1


def draw_noise() -> bytes:
    """Return a JPEG that is about 1.3 MB large."""
    buffer = io.BytesIO()
    Image.effect_noise((EDGE_PX, EDGE_PX), 100).convert("RGB").save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def measure_s(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def check_health(target: Target) -> None:
    """Use a light client, so that the searches of this process delay it as little as possible."""
    with closing(HTTPConnection("127.0.0.1", target.port, timeout=30)) as connection:
        connection.request("GET", "/healthz/")
        assert connection.getresponse().status == 200


def test_slow_clients_keep_nobody_waiting(target: Target, visitor: Visitor, load_s: float, patience: int) -> None:
    health: list[float] = []
    searches: list[float] = []
    with Crowd(target) as crowd:
        end = time.monotonic() + load_s
        while time.monotonic() < end:
            health.extend(measure_s(lambda: check_health(target)) for _ in range(3))
            searches.append(measure_s(lambda: visitor.search("a dog")))
            time.sleep(0.2)
    print(f"\nhealth: {len(health)} checks, at most {max(health):.3f} s")
    print(f"search: {len(searches)} searches, at most {max(searches):.3f} s")
    print(f"connections: {dict(crowd.connections)}")
    assert all(crowd.connections[sort.__name__] >= PER_SORT for sort in SORTS)
    assert max(health) < HEALTH_S * patience
    assert max(searches) < SEARCH_S * patience


def test_fifty_searches_at_once_keep_the_health_check_answering(
    target: Target, visitor: Visitor, patience: int
) -> None:
    with ThreadPoolExecutor(50) as threads:
        searches = [threads.submit(visitor.search, f"blue thing {number}") for number in range(50)]
        health = [measure_s(lambda: check_health(target)) for _ in range(20)]
        assert {each.result() for each in searches} == {200}
    print(f"\nhealth during 50 searches: at most {max(health):.3f} s")
    assert max(health) < HEALTH_S * patience


def test_unread_downloads_end_and_the_next_one_is_whole(target: Target, visitor: Visitor) -> None:
    """An account's downloads that it does not read count against its limit until they are closed."""
    deadline = time.monotonic() + 120
    ids = re.findall(r"image=(\d+)", target.form)
    while True:
        data = {"csrfmiddlewaretoken": visitor.token, "image": ids}
        answer = visitor.session.post(f"{visitor.address}/pictures/download/", data=data, timeout=60)
        if answer.status_code == 200:
            break
        assert answer.status_code in (429, 503)
        assert time.monotonic() < deadline
        time.sleep(1)
    assert answer.content.startswith(b"PK")
    assert len(answer.content) > PICTURES * 100_000
