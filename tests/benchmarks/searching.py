"""The search page from request to first byte, beside bare encoding and bare Milvus with the same words in the same run.

`python -m tests.benchmarks.searching [--queries 100] [--model DIR]`. A site of its own gets the demo's 360 pictures,
indexed with the demo model or the one given. Each query is encoded, looked up in Milvus, asked of the page for the
first time, and asked again, one after the other, through Django with all its middleware. Prints what was run, on what,
medians and the comparison.
"""

import argparse
import io
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
os.environ |= {"DATA_DIR": _SCRATCH.name, "MILVUS_URI": "", "DATABASE_URL": "", "STORAGE_URL": "", "LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_MOST_TIMES = 1.25
_MOST_MORE_MS = 15.0


def main() -> None:
    options = _options()
    os.environ["CLIP_MODEL"] = options.model
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    user = _make_site()
    times = _measure(user, _queries(options.queries))
    _print(options, {name: float(np.median(values)) for name, values in times.items()})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--model", default="demo", help="a folder; default: the demo model")
    return parser.parse_args()


def _make_site() -> Any:
    from collections_app.demo.gallery import demo_collections, draw_picture
    from collections_app.models import User
    from collections_app.services.indexing.worker import IndexWorker
    from collections_app.services.library import create_collection
    from collections_app.services.uploads import ingest_upload

    user = User.objects.create_user("bench@example.com")
    for drawn in demo_collections():
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


def _measure(user: Any, queries: list[str]) -> dict[str, list[float]]:
    from django.test import Client

    from collections_app.encoders import get_encoder
    from collections_app.services.active import active_index
    from collections_app.services.search import MAX_HITS

    client, encoder, index = Client(SERVER_NAME="localhost"), get_encoder(), active_index()
    client.force_login(user)
    team_ids = [user.personal_team.pk]
    times: dict[str, list[float]] = {name: [] for name in ("encoding", "Milvus", "page", "page again")}
    for number, query in enumerate(["warm up", *queries]):
        vector = encoder.encode_texts([query])[0]
        steps: dict[str, Callable[[], object]] = {
            "encoding": lambda: encoder.encode_texts([query]),  # noqa: B023
            "Milvus": lambda: index.search(vector, team_ids=team_ids, limit=MAX_HITS),  # noqa: B023
            "page": lambda: client.get("/search/", {"q": query}),  # noqa: B023
            "page again": lambda: client.get("/search/", {"q": query}),  # noqa: B023
        }
        for name, step in steps.items():
            taken_ms = _timed(step)
            if number:
                times[name].append(taken_ms)
    return times


def _timed(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    answer = step()
    taken_ms = 1000 * (time.perf_counter() - started)
    if getattr(answer, "status_code", 200) != 200:
        raise RuntimeError("The page was not answered.")
    return taken_ms


def _print(options: argparse.Namespace, medians: dict[str, float]) -> None:
    machine = platform.processor() or platform.machine()
    packages = ("django", "torch", "transformers", "pymilvus", "milvus-lite")
    print(f"machine: {machine}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"versions: {', '.join(f'{name} {version(name)}' for name in packages)}")
    print(f"site: 360 drawn pictures, model {options.model}, {options.queries} queries; medians")
    for name, median in medians.items():
        print(f"{name:<12}{median:>8.1f} ms")
    times = medians["page"] / (medians["encoding"] + medians["Milvus"])
    more_ms = medians["page again"] - medians["Milvus"]
    print(f"page: {times:.2f} times bare encoding and Milvus; {_goal(times, _MOST_TIMES)}")
    print(f"page again: {more_ms:.1f} ms more than Milvus; {_goal(more_ms, _MOST_MORE_MS)}")


def _goal(value: float, most: float) -> str:
    return f"goal: at most {most}: {'met' if value <= most else 'MISSED'}"


if __name__ == "__main__":
    main()
