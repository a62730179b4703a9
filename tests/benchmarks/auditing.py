"""The audit of `reindex --check`: how it grows with the vectors and with the teams, and its memory.

`python -m tests.benchmarks.auditing [--vectors 130000] [--teams 302] [--repeat 3]`. Makes three sites of rows and
random vectors on SQLite and the embedded store: a tenth of the vectors in one team, all in one team, and all
in many teams. Each audit runs in a process of its own while another process owns the store. Prints what was run, on
what, medians, peak memory and the comparison, which is that of the processor time of both processes: other programs
disturb it less. Filling takes some minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.printing import describe_most, print_machine
from tests.benchmarks.resources import read_memory_mib
from tests.picture_rows import draw_units, store_images

os.environ |= {"CLIP_MODEL": "demo", "MILVUS_URI": "", "DATABASE_URL": "", "STORAGE_URL": "", "LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_MOST_TIMES_LINEAR = 1.2
_MOST_TIMES_ONE_TEAM = 3.0


def main() -> None:
    options = _options()
    if options.step:
        _run_step(options)
        return
    sizes = {
        "a tenth, one team": (options.vectors // 10, 1),
        "one team": (options.vectors, 1),
        "many teams": (options.vectors, options.teams),
    }
    with tempfile.TemporaryDirectory(prefix="imagesearch-bench-") as scratch:
        directories = {name: Path(scratch) / str(number) for number, name in enumerate(sizes)}
        for name, (vectors, teams) in sizes.items():
            _call("fill", directories[name], vectors=vectors, teams=teams)
        rounds = [{name: _audit(directories[name]) for name in sizes} for _ in range(options.repeat)]
    _print(options, sizes, rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("vectors", 130_000), ("teams", 302), ("repeat", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--step", choices=["fill", "own", "audit"], help="what a process of this benchmark does")
    return parser.parse_args()


def _start(step: str, directory: Path, **numbers: int) -> subprocess.Popen[str]:
    words = [word for name, number in numbers.items() for word in (f"--{name}", str(number))]
    command = [sys.executable, "-m", "tests.benchmarks.auditing", "--step", step, *words]
    environment = os.environ | {"DATA_DIR": str(directory)}
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _call(step: str, directory: Path, **numbers: int) -> dict[str, float]:
    answer, _ = _start(step, directory, **numbers).communicate()
    found: dict[str, float] = json.loads(answer)
    return found


def _audit(directory: Path) -> dict[str, float]:
    owner = _start("own", directory)
    if owner.stdout is None or owner.stdout.readline() != "ready\n":
        raise RuntimeError("The store was not opened.")
    audit = _call("audit", directory)
    answer, _ = owner.communicate()
    owned: dict[str, float] = json.loads(answer)
    return audit | owned


def _run_step(options: argparse.Namespace) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    from collections_app.index import close_index
    from collections_app.services.indexing.kept_models import get_active_model

    match options.step:
        case "fill":
            call_command("migrate", verbosity=0)
            _fill(options.vectors, options.teams)
            print("{}")
        case "own":
            get_active_model().index.count()
            before_mib, before_s = read_memory_mib("VmHWM"), time.process_time()
            print("ready", flush=True)
            sys.stdin.read()
            figures = {
                "owner_s": time.process_time() - before_s,
                "owner_more_mib": read_memory_mib("VmHWM") - before_mib,
            }
            print(json.dumps(figures | {"owner_mib": before_mib}))
        case "audit":
            print(json.dumps(_measure_audit()))
    close_index()


def _fill(count: int, team_count: int) -> None:
    """Images whose ids are spread over the teams, all indexed."""
    from collections_app.encoders import get_encoder
    from collections_app.models import Collection, Team

    teams = [Team.objects.create(name=f"Team {number}") for number in range(team_count)]
    collections = [Collection.objects.create(team=team, name="Pictures") for team in teams]
    rows = [_make_row(number, collections[number % team_count], get_encoder().key) for number in range(count)]
    store_images(rows, draw_units(np.random.default_rng(1), count, get_encoder().dim))


def _make_row(number: int, collection: Any, model_key: str) -> Any:
    from collections_app.models import Image, IndexState

    name, sha256 = f"{number}.png", f"{number:064x}"
    facts: dict[str, Any] = {"byte_size": 1, "format": "PNG", "width": 640, "height": 480, "tags": ["sea", "red"]}
    facts |= {"index_state": IndexState.INDEXED, "index_sha256": sha256, "index_model_key": model_key}
    return Image(collection=collection, file=name, original_name=name, sha256=sha256, **facts)


def _measure_audit() -> dict[str, float]:
    from collections_app.models import Image
    from collections_app.services.indexing.audit import audit_index
    from collections_app.services.indexing.kept_models import get_active_model

    model = get_active_model()
    model.index.count()
    before_mib, before_s, started = read_memory_mib("VmHWM"), time.process_time(), time.perf_counter()
    report = audit_index(model=model, images=Image.objects.all(), covers_all_images=True)
    taken_s = time.perf_counter() - started
    if not report.is_consistent or not report.vectors:
        raise RuntimeError(f"The audit found {report}.")
    own_s = time.process_time() - before_s
    return {"taken_s": taken_s, "own_s": own_s, "more_mib": read_memory_mib("VmHWM") - before_mib}


def _print(
    options: argparse.Namespace, sizes: dict[str, tuple[int, int]], rounds: list[dict[str, dict[str, float]]]
) -> None:
    print_machine("django", "pymilvus", "milvus-lite", "pyarrow")
    print(f"SQLite and the embedded store, vectors of 128 numbers; medians of {options.repeat} audits each")
    print(
        f"{'site':<20}{'vectors':>9}{'teams':>7}{'time':>10}{'processor':>11}{'owner':>10}{'memory':>12}{'owner':>17}"
    )
    for name, (vectors, teams) in sizes.items():
        taken_s, own_s, owner_s, more_mib, owner_mib, owner_more_mib = (
            np.median([each[name][figure] for each in rounds])
            for figure in ("taken_s", "own_s", "owner_s", "more_mib", "owner_mib", "owner_more_mib")
        )
        memory = f"{more_mib:+8.0f} MiB{owner_mib:>8.0f}{owner_more_mib:+5.0f} MiB"
        print(f"{name:<20}{vectors:>9,}{teams:>7}{taken_s:>8.1f} s{own_s:>9.1f} s{owner_s:>8.1f} s{memory}")
    costs = {name: np.array([each[name]["own_s"] + each[name]["owner_s"] for each in rounds]) for name in sizes}
    growth = float(np.median(costs["one team"] / costs["a tenth, one team"])) / 10
    many = float(np.median(costs["many teams"] / costs["one team"]))
    print(f"growth: {growth:.2f} times linear; {describe_most(growth, _MOST_TIMES_LINEAR)}")
    print(f"many teams: {many:.2f} times one team; {describe_most(many, _MOST_TIMES_ONE_TEAM)}")


if __name__ == "__main__":
    main()
