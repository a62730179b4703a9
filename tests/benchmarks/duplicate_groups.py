"""How the page of duplicates and the comparing of pictures grow with a team.

`python -m tests.benchmarks.duplicate_groups [--rows 1000 10000 100000] [--postgresql]`. A team of each size gets random
hashes and vectors; every hundredth picture has a copy, an exact and a near one by turns. The comparer compares them as
it does on a site. Then one more picture is compared, and the page is read as a browser does. For comparison, the same
run reads one small row of each picture of the team, which is the least that finding duplicates on the page would take.
Prints medians, statements and the growth from one size to the next. The model is the demo's.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from tests.benchmarks.printing import print_machine
from tests.picture_rows import normalize_rows, store_images
from tests.with_services import postgresql

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
os.environ |= {"DATA_DIR": _SCRATCH.name, "CLIP_MODEL": "demo", "DATABASE_URL": "", "MILVUS_URI": "", "STORAGE_URL": ""}
os.environ |= {"LOG_LEVEL": "error", "DEBUG": "0"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_REPEATS = 15

# Milliseconds: by the clock, and of this process's processor. The latter leaves out a database server.
Times = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--postgresql", action="store_true", help="use a PostgreSQL server of its own, not SQLite")
    options = parser.parse_args()
    with postgresql() if options.postgresql else nullcontext({"postgres": ""}) as databases:
        os.environ["DATABASE_URL"] = databases["postgres"]
        _measure(sorted(options.rows))


def _measure(sizes: list[int]) -> None:
    import django
    from django.core.management import call_command
    from django.db import connection, connections

    django.setup()
    call_command("migrate", verbosity=0)
    print_machine("django", "pymilvus", "milvus-lite")
    print(f"{connection.vendor}; times in ms, in brackets the processor time of this process")
    print("x: growth from the size before")
    previous: dict[str, Times] = {}
    for size in sizes:
        times = _measure_team(size)
        print(f"{size} pictures")
        for name, own in times.items():
            growth = [f" x {one / before:.2f}" for one, before in zip(own, previous.get(name, ()), strict=False)]
            wall, processor = (f"{each:.2f}" for each in own)
            print(
                f"    {name:<28} {wall} ({processor})"
                + "".join(growth[:1])
                + "".join(f" ({each[1:]})" for each in growth[1:])
            )
        previous = times
    connections.close_all()


def _measure_team(size: int) -> dict[str, Times]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from collections_app.models import Image, User
    from collections_app.services.duplicates.comparing import Comparer

    user = User.objects.create_user(f"{size}@example.com")
    team = user.personal_team
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    _fill(team, size)
    comparing = _take_time(Comparer().drain)
    last = Image.objects.in_team(team).order_by("-pk")[0]
    address = f"/teams/{team.pk}/duplicates/"

    def compare_last() -> None:
        Image.objects.filter(pk=last.pk).update(processing=(Image.objects.get(pk=last.pk).processing or 0) + 1)
        Image.objects.filter(pk=last.pk).record_comparison(None)
        Comparer().drain()

    def read_all_rows() -> None:
        list(Image.objects.not_trashed().in_team(team).values_list("pk", "sha256", "perceptual_hash"))

    page = client.get(address)
    assert b'name="keep"' in page.content
    with CaptureQueriesContext(connection) as statements:
        client.get(address)
    print(f"the page takes {len(statements)} statements")
    return {
        "the page": _take_median(lambda: client.get(address)),
        "reading a row of each picture": _take_median(read_all_rows),
        "comparing, per picture": (comparing[0] / size, comparing[1] / size),
        "comparing one more": _take_median(compare_last),
    }


def _take_time(action: Callable[[], Any]) -> Times:
    wall, processor = time.perf_counter(), time.process_time()
    action()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)


def _take_median(action: Callable[[], Any]) -> Times:
    walls, processors = zip(*(_take_time(action) for _ in range(_REPEATS)), strict=True)
    return statistics.median(walls), statistics.median(processors)


def _fill(team: Any, rows: int) -> None:
    from collections_app.encoders import get_encoder
    from collections_app.models import Collection, Image, IndexState

    chance = np.random.default_rng(rows)
    collection = Collection.objects.create(team=team, name="Many")
    hashes = chance.integers(-(2**63), 2**63 - 1, size=rows, dtype=np.int64)
    vectors = chance.normal(size=(rows, get_encoder().dim)).astype(np.float32)
    copies = np.arange(1, rows, 100)
    hashes[copies], vectors[copies] = hashes[copies - 1] ^ 3, vectors[copies - 1] + 0.01
    files = np.arange(rows)
    files[copies[::2]] = copies[::2] - 1
    values = {"byte_size": 1, "format": "PNG", "width": 1, "height": 1, "original_name": "a.png"}
    values |= {"index_state": IndexState.INDEXED, "index_model_key": get_encoder().key}
    images = [
        Image(
            collection=collection, file=f"{n}.png", sha256=f"{rows + file:064x}", perceptual_hash=int(value), **values
        )
        for n, (file, value) in enumerate(zip(files, hashes, strict=True))
    ]
    store_images(images, normalize_rows(vectors))


if __name__ == "__main__":
    main()
