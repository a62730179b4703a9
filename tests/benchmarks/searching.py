"""The search page from request to first byte, beside bare encoding and bare Milvus with the same words in the same run.

`python -m tests.benchmarks.searching [--queries 100] [--model DIR] [--pictures N]`. A site of its own gets the demo's
360 pictures, indexed with the demo model or the one given, and is served as `make demo` does. Each query is encoded,
looked up in Milvus, searched for on the page, and searched for again, one after the other, over HTTP. Prints what was
run, on what, medians and the comparison.

With `--pictures` the site gets rows without files and clustered random vectors instead; the model is ViT-B/32's
architecture with random weights unless another is given. The run then also compares with the tutorial's collection in
Milvus Lite (FLAT, with the inner product) and with numpy, counts index searches and SQL statements for each sort of
query, sends 50 searches at once, and compares one web process with several threads and two.
"""

import argparse
import http.client
import io
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from tests.benchmarks.printing import describe_least, describe_most, print_machine
from tests.benchmarks.random_model import make_random_model
from tests.benchmarks.resources import sum_proportional_mib
from tests.with_services import free_port

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
os.environ |= {"DATA_DIR": _SCRATCH.name, "MILVUS_URI": "", "DATABASE_URL": "", "STORAGE_URL": "", "LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_MOST_TIMES = 1.25
_MOST_TIMES_LARGE, _MOST_TIMES_AGAIN, _LEAST_PER_SECOND = 1.3, 1.2, 8.0
_AT_ONCE = 50
_MOST_MORE_MS = 15.0
_WARM_UP = 10
# Web processes, and threads of each: more threads in one process beside two processes.
_PROCESSES = ((1, 8), (1, 16), (2, 8))
_ROUNDS = 3
_Ask = Callable[[str], tuple[float, float]]
_STEPS = (
    "encoding",
    "Milvus, 200",
    "Milvus, 1,000",
    "page, first byte",
    "page, all of it",
    "again, first byte",
    "again, all of it",
    "FLAT with IP, 200",
    "FLAT with IP, 1,000",
)


def main() -> None:
    options = _options()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a web process
    if options.pictures and not options.model:
        options.model = str(Path(_SCRATCH.name) / "vit-b-32")
        make_random_model(Path(options.model))
    os.environ["CLIP_MODEL"] = options.model or "demo"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    site: Any = None
    if options.pictures:
        from tests.benchmarks.large_site import search_site as site
    user = site.make_site(options.pictures) if site else _make_site()
    queries = _queries(options.queries + _AT_ONCE)
    open_flat = site.open_flat if site else nullcontext
    times, per_second = _measure(user, queries[: options.queries], queries[options.queries :], open_flat)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    _print_medians(options, medians)
    if site:
        _print_large(medians, per_second)
        site.print_numpy()
        site.print_counts(user)
        _compare_processes(user, queries)
    else:
        _print_small(medians)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--model", default="", help="a folder")
    parser.add_argument("--pictures", type=int, default=0, help="made-up rows and vectors, such as 100000")
    return parser.parse_args()


def _make_site() -> Any:
    from collections_app.demo.gallery import draw_picture, get_demo_collections
    from collections_app.models import User
    from collections_app.services.indexing.worker import IndexWorker
    from collections_app.services.library.collections import create_collection
    from collections_app.services.uploads.ingest import ingest_upload

    user = User.objects.create_user("bench@example.com")
    for drawn in get_demo_collections():
        collection = create_collection(team=user.personal_team, name=drawn.name, creator=user)
        for picture in drawn.pictures:
            file, name = io.BytesIO(draw_picture(picture)), picture.file_name
            ingest_upload(file=file, file_name=name, collection=collection, uploader=user, title=picture.title)
    IndexWorker().drain()
    return user


def _queries(count: int) -> list[str]:
    """Sentences as people write them, no two alike."""
    from collections_app.demo.scenes import COLOURS, SURROUNDINGS

    chance = random.Random(1)
    things = ("dog", "house", "boat", "tree", "cup", "bird", "car", "book")
    sentences = [f"a {colour} {thing}, {place}" for colour in COLOURS for thing in things for place in SURROUNDINGS]
    return chance.sample(sentences, count)


def _measure(
    user: Any, queries: list[str], at_once: list[str], open_flat: Callable[[], AbstractContextManager[Any]]
) -> tuple[dict[str, list[float]], float]:
    """Return the milliseconds of each step, and how many of the last queries are answered per second at once.

    Each query goes through all steps, so that what else the machine does slows all of them alike.
    """
    from collections_app.encoders import get_encoder
    from collections_app.index import close_index
    from collections_app.services.indexing.kept_models import get_active_model
    from collections_app.services.search.retrieval import FIRST_HITS, MAX_HITS

    close_index()  # from here on the served site's index worker owns the embedded store, as it mostly does
    encoder, team_ids = get_encoder(), [user.personal_team.pk]
    times: dict[str, list[float]] = defaultdict(list)
    with _served(user) as (ask, _), open_flat() as search_flat:
        index = get_active_model().index
        for number, query in enumerate([*(f"warm up {count}" for count in range(_WARM_UP)), *queries]):
            vector = encoder.encode_texts([query])[0]
            taken = [
                _timed(partial(encoder.encode_texts, [query])),
                _timed(partial(index.search, vector, team_ids=team_ids, limit=FIRST_HITS)),
                _timed(partial(index.search, vector, team_ids=team_ids, limit=MAX_HITS)),
                *ask(query),
                *ask(query),
            ]
            if search_flat:
                taken += [_timed(partial(search_flat, vector, limit)) for limit in (FIRST_HITS, MAX_HITS)]
            for name, taken_ms in zip(_STEPS if number >= _WARM_UP else (), taken, strict=False):
                times[name].append(taken_ms)
        return times, _search_at_once(ask, at_once)


def _search_at_once(ask: _Ask, queries: list[str]) -> float:
    """Return how many are answered per second if so many people ask at once. Without words, all pictures are shown."""
    started = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as people:
        list(people.map(ask, queries))
    return len(queries) / (time.perf_counter() - started)


def _compare_processes(user: Any, queries: list[str]) -> None:
    """Print searches and plain pages per second, and the memory, for numbers of web processes and threads, in turn."""
    from collections_app.index import close_index

    close_index()  # the served site's index worker owns the embedded store and its memory
    measured: dict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)
    for round_number, shape in itertools.product(range(_ROUNDS), _PROCESSES):
        workers, threads = shape
        with _served(user, workers, WEB_THREADS=str(threads)) as (ask, site):
            _search_at_once(ask, [f"warm up {number}" for number in range(_AT_ONCE)])
            searches = _search_at_once(ask, [f"{query} {round_number}" for query in queries[:_AT_ONCE]])
            pages = _search_at_once(ask, [""] * _AT_ONCE * 4)
            measured[shape].append((searches, pages, sum_proportional_mib(site)))
    print(f"{_AT_ONCE} people at once, medians of {_ROUNDS}; the memory is that of all processes, with the index")
    print("web processes  threads of each  searches per s  pages without a search per s  memory, MiB")
    for (workers, threads), figures in measured.items():
        searches, pages, mib = np.median(figures, axis=0)
        print(f"{workers:>13}  {threads:>15}  {searches:>14.1f}  {pages:>28.1f}  {mib:>11,.0f}")


@contextmanager
def _served(user: Any, workers: int = 1, **environment: str) -> Iterator[tuple[_Ask, int]]:
    """Serve the site, by default with one web process, which caches texts.

    Yield a function that requests the page, and the id of the process whose children serve.
    """
    cookie = _cookie(user)
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", str(workers)]
    site = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
    try:
        _wait_until_ready(port, cookie)
        yield partial(_ask, port, cookie), site.pid
    finally:
        site.send_signal(signal.SIGINT)
        site.wait(timeout=60)


def _wait_until_ready(port: int, cookie: str) -> None:
    """The index worker opens the embedded store when it has started, and the web process loads the model."""
    from django.conf import settings

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not (settings.EMBEDDED_STORE_DIR / "milvus.sock").exists():
            time.sleep(0.2)
            continue
        try:
            _ask(port, cookie, "warm up")
        except (OSError, RuntimeError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("The site was not served.")


def _cookie(user: Any) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _ask(port: int, cookie: str, query: str) -> tuple[float, float]:
    """Return the milliseconds until the first byte and until the last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    started = time.perf_counter()
    connection.request("GET", f"/search/?{urlencode({'q': query})}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    first = time.perf_counter()
    body = answer.read()
    last = time.perf_counter()
    connection.close()
    if answer.status != 200 or b"</html>" not in body:
        raise RuntimeError("The page was not answered.")
    return 1000 * (first - started), 1000 * (last - started)


def _timed(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - started)


def _print_medians(options: argparse.Namespace, medians: dict[str, float]) -> None:
    print_machine("django", "torch", "transformers", "pymilvus", "milvus-lite")
    pictures = f"{options.pictures:,} made-up" if options.pictures else "360 drawn"
    model = Path(options.model).name or "demo"
    print(f"site: {pictures} pictures, model {model}, {options.queries} queries; medians")
    for name, median in medians.items():
        print(f"{name:<20}{median:>8.1f} ms")


def _print_small(medians: dict[str, float]) -> None:
    times = medians["page, first byte"] / (medians["encoding"] + medians["Milvus, 1,000"])
    more_ms = medians["again, first byte"] - medians["Milvus, 1,000"]
    print(f"page: {times:.2f} times bare encoding and Milvus; {describe_most(times, _MOST_TIMES)}")
    print(f"page again: {more_ms:.1f} ms more than Milvus; {describe_most(more_ms, _MOST_MORE_MS)}")


def _print_large(medians: dict[str, float], per_second: float) -> None:
    for name, step, most in (("fresh", "page", _MOST_TIMES_LARGE), ("repeated", "again", _MOST_TIMES_AGAIN)):
        for bare in ("FLAT with IP, 200", "FLAT with IP, 1,000", "Milvus, 200"):
            times = medians[f"{step}, all of it"] / medians[bare]
            goal = "" if bare == "Milvus, 200" else f"; {describe_most(times, most)}"
            print(f"{name} query, last byte: {times:.2f} times {bare}{goal}")
    goal = describe_least(per_second, _LEAST_PER_SECOND)
    print(f"{_AT_ONCE} searches at once: {per_second:.1f} per second; {goal}")


if __name__ == "__main__":
    main()
