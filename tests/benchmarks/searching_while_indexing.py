"""Search pages while the index is rebuilt beside them: idle, with a share of the machine, and at full speed.

`python -m tests.benchmarks.searching_while_indexing [--photos DIR] [--count N] [--queries N] [--percent N]`

ViT-B/32's architecture with random weights. The index worker is a process of its own and owns the embedded store, as
on a site; this process answers the pages. The three states are measured in turns.
"""

import argparse
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks import indexing
from tests.benchmarks.printing import print_machine
from tests.benchmarks.random_model import make_random_model

_STATES = ("idle", "limited", "full speed")
_PAUSE_S = 0.1
_START_S = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of pictures; default: drawn scenes")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--queries", type=int, default=50, help="in each state and round")
    parser.add_argument("--percent", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a web process
    make_random_model(indexing.MODEL)
    indexing.upload(indexing.list_pictures(options.photos, options.count))
    print_machine("torch", "transformers", "pymilvus", "milvus-lite")
    worker = subprocess.Popen([sys.executable, "manage.py", "index_worker"], stdout=subprocess.DEVNULL)
    try:
        _wait_until_indexed()
        pages, texts = _measure(options)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    print(f"{options.count} pictures; {options.queries * options.rounds} fresh queries in each state, milliseconds")
    _print_table("search page", pages, options.percent)
    _print_table("text encoded", texts, options.percent)


def _wait_until_indexed() -> None:
    from collections_app.models import IndexJob

    deadline = time.monotonic() + _START_S * 5
    while IndexJob.objects.waiting().exists():
        if time.monotonic() > deadline:
            sys.exit("The worker did not index the pictures in time.")
        time.sleep(0.5)


def _measure(options: argparse.Namespace) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    pages: dict[str, list[float]] = {state: [] for state in _STATES}
    texts: dict[str, list[float]] = {state: [] for state in _STATES}
    numbers = itertools.count()
    for number in range(options.rounds + 1):
        for state in _STATES:
            percent = {"idle": 0, "limited": options.percent, "full speed": 100}[state]
            _start_rebuild(percent)
            found = []
            for _ in range(options.queries):
                found.append(_time_search(f"a dog of kind {next(numbers)}"))
                _continue_rebuild(percent)
            if number:  # the first round warms up
                pages[state] += [page for page, _ in found]
                texts[state] += [text for _, text in found]
    return pages, texts


def _start_rebuild(percent: int) -> None:
    """Queue all pictures again, with this share of the machine, or none with 0."""
    from collections_app.models import Image, IndexJob
    from collections_app.models.index_job import Priority
    from collections_app.services.indexing.audit import queue_reencoding
    from collections_app.services.indexing.queue import limit_share

    IndexJob.objects.filter(lease=None).delete()
    _wait_until_indexed()
    if percent:
        queue_reencoding(Image.objects.all(), priority=Priority.REBUILD)
        limit_share(percent=percent)
        time.sleep(2)  # an idle worker claims once a second


def _continue_rebuild(percent: int) -> None:
    from collections_app.models import IndexJob

    if percent and not IndexJob.objects.filter(lease=None).exists():
        _start_rebuild(percent)


def _time_search(query: str) -> tuple[float, float]:
    """Return the milliseconds of the page and of encoding the text alone."""
    from django.test import Client
    from django.utils.html import strip_tags

    from collections_app.encoders import get_encoder
    from collections_app.models import User

    visitor = Client(SERVER_NAME="localhost")
    visitor.force_login(User.objects.get())
    started = time.perf_counter()
    response = visitor.get("/search/", {"q": query})
    page = time.perf_counter() - started
    if response.status_code != 200:
        reason = strip_tags(response.content.decode()).split()
        sys.exit(f"The search page answered {response.status_code}: {' '.join(reason)[-400:]}")
    started = time.perf_counter()
    get_encoder().encode_texts([f"{query}, alone"])
    text = time.perf_counter() - started
    time.sleep(_PAUSE_S)
    return page * 1000, text * 1000


def _print_table(name: str, times: dict[str, list[float]], percent: int) -> None:
    idle = times["idle"]
    for state, values in times.items():
        label = f"{name}, {f'rebuild with {percent} percent' if state == 'limited' else state}"
        median, late = np.percentile(values, [50, 95])
        ratios = f"{median / np.median(idle):5.2f} and {late / np.percentile(idle, 95):5.2f} times idle"
        print(f"{label:<45} median {median:7.1f}   p95 {late:7.1f}   {ratios}")


if __name__ == "__main__":
    main()
