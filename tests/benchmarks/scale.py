"""Every page and command of a large installation, beside one of a tenth of its size in the same run.

`python -m tests.benchmarks.scale [--pictures 100000] [--teams 400] [--compare N] [--on lite|servers] [--repeats 5]
[--compared]`.
Fills two installations (rows, names and vectors, no picture files, an encoder that takes no time) on SQLite and Milvus
Lite, or on PostgreSQL and a Milvus server that it starts. Prints, as tables of Markdown, for each page and command the
time, how much of it the index took, the statements, the memory, and how the time without the index grew; then recall
against brute force, and what each installation takes. With --compared no picture waits for the comparer, and there are
no duplicate groups; otherwise the comparer runs first, which takes minutes for each 100,000 pictures.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.resources import NO_PAGE, count_mib, find_processes, read_memory_mib
from tests.index.milvus_server import milvus_server
from tests.with_services import postgresql

MOST_GROWTH, MOST_LINEAR, LEAST_RECALL = 1.5, 1.2, 0.99
# Shorter times are noise.
_LEAST_MS = 5.0
# Milvus' own intervals; those for tests are shorter.
SERVER_SETTINGS = {
    "proxy.timeTickInterval": "200",
    "queryCoord.checkSegmentInterval": "1000",
    "queryCoord.checkChannelInterval": "1000",
    "queryCoord.distPullInterval": "500",
}

Result = dict[str, Any]


def main() -> None:
    options = _read_options()
    sizes = (options.compare or options.pictures // 10, options.pictures)
    _print_setting(options, sizes)
    results = [run_installation(options, pictures) for pictures in sizes]
    print_results(sizes, results)


def run_installation(options: argparse.Namespace, pictures: int) -> Result:
    """Fill and measure an installation of this size in a process of its own; return what it prints."""
    print(f"{pictures:,} pictures", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="imagesearch-scale-") as name, _serving(options.on, Path(name)) as services:
        order, answer = Path(name) / "order.json", Path(name) / "answer.json"
        given = {name: getattr(options, name) for name in ("teams", "repeats", "queries", "tasks", "compared")}
        order.write_text(json.dumps({"pictures": pictures, **given}))
        command = [sys.executable, "-m", "tests.benchmarks.large_site.installation", str(order), str(answer)]
        environment = {**os.environ, "DATA_DIR": f"{name}/data", "STORAGE_URL": "", "LOG_LEVEL": "error", **services}
        subprocess.run(command, env=environment, check=True)
        result: Result = json.loads(answer.read_text())
        result["figures"] |= _count_resources(Path(name))
        print(json.dumps(result), file=sys.stderr)
        return result


def print_results(sizes: Sequence[int], results: Sequence[Result]) -> None:
    _print_tasks(sizes, results)
    _print_recall(sizes, results)
    _print_figures(sizes, results)


@contextmanager
def _serving(services: str, folder: Path) -> Iterator[dict[str, str]]:
    """Start the services, with all their files in the folder; yield the settings that name them."""
    if services == "lite":
        yield {"DATABASE_URL": "", "MILVUS_URI": ""}
        return
    folder.chmod(0o711)  # PostgreSQL runs as another user
    with ExitStack() as stack:
        usual, tempfile.tempdir = tempfile.tempdir, str(folder)
        stack.callback(setattr, tempfile, "tempdir", usual)
        databases = stack.enter_context(postgresql())
        yield {
            "DATABASE_URL": databases["site"],
            "MILVUS_URI": stack.enter_context(milvus_server(settings=SERVER_SETTINGS)),
        }


def _count_resources(folder: Path) -> dict[str, float]:
    """Return MiB on disk, and of a server its memory. The process that was measured has ended, and Lite with it."""
    database = ((folder / "data", "imagesearch.sqlite3*"), (folder, "imagesearch-postgresql-*/data/base/**/*"))
    index = ((folder, "data/index/**/*"), (folder, "milvus-server-*/**/*"))
    figures = {
        "MiB of the database on disk": sum(count_mib(*each) for each in database),
        "MiB of the index on disk": sum(count_mib(*each) for each in index),
    }
    for process in find_processes("milvus", parent=os.getpid()):
        figures["MiB of the Milvus server in memory"] = read_memory_mib("VmRSS", process)
        figures["MiB of the Milvus server at its peak"] = read_memory_mib("VmHWM", process)
    return figures


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=("lite", "servers"), default="lite")
    for name, default in (("pictures", 100_000), ("teams", 400), ("compare", 0), ("repeats", 5), ("queries", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--compared", action="store_true", help="the comparer has nothing to do")
    parser.add_argument("--tasks", default="", metavar="REGEX", help="only pages and commands whose names match")
    return parser.parse_args()


def _print_setting(options: argparse.Namespace, sizes: Sequence[int]) -> None:
    services = {"lite": "SQLite, Milvus Lite", "servers": "PostgreSQL, Milvus server"}[options.on]
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "pymilvus", "milvus-lite", "milvus"))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = platform.processor() or platform.machine()
    print(f"`python -m tests.benchmarks.scale {' '.join(sys.argv[1:])}`\n")
    print(f"Machine: {machine}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()};")
    print(f"{packages}. {services}; {' and '.join(f'{size:,}' for size in sizes)} pictures in {options.teams} teams,")
    print(f"vectors of 512 numbers. Medians of {options.repeats}; fewer for what takes more than 30 s.\n")


def _print_tasks(sizes: Sequence[int], results: Sequence[Result]) -> None:
    titles = [f"{size:,}: ms | of which index | own CPU | statements | MiB more" for size in sizes]
    print(f"| Page or command | {' | '.join(titles)} | growth | goal |\n|---|{'--:|' * 11}---|")
    goals = []
    for before, after in zip(*(result["tasks"] for result in results), strict=True):
        if problem := before["problem"] or after["problem"]:
            print(f"| {after['name']} | {problem} |")
            goals += [] if problem == NO_PAGE else [False]
            continue
        growth, most = compute_growth(before, after, ratio=sizes[1] / sizes[0])
        goals.append(growth <= most)
        cells = " | ".join(map(_format_times, (before, after)))
        print(f"| {after['name']} | {cells} | {growth:.2f} | {most:g}{'' if goals[-1] else ' MISSED'} |")
    print(
        "\nGrowth: of the CPU time of the page and the database, without the index. Of commands that read everything:"
    )
    print(f"of all their time, per picture. Goals met: {sum(goals)} of {len(goals)}.\n")


def compute_growth(before: Mapping[str, Any], after: Mapping[str, Any], *, ratio: float) -> tuple[float, float]:
    """Return how a task's own time grew, and how much it may: a linear command's is compared by picture."""
    growth = max(after["own_ms"], _LEAST_MS) / max(before["own_ms"], _LEAST_MS)
    return (growth / ratio, MOST_LINEAR) if after["is_linear"] else (growth, MOST_GROWTH)


def _format_times(task: Mapping[str, Any]) -> str:
    times = (f"{task[name]:,.0f}" for name in ("total_ms", "index_ms", "own_ms"))
    return f"{' | '.join(times)} | {task['statements']:,} | {task['peak_mib']:,.0f}"


def _print_recall(sizes: Sequence[int], results: Sequence[Result]) -> None:
    print("| Bare search of the index | pictures | hits wanted | recall at 10 | p50, ms | p95, ms | goal |")
    print("|---|--:|--:|--:|--:|--:|---|")
    for size, result in zip(sizes, results, strict=True):
        for each in result["recalls"]:
            goal = f"{LEAST_RECALL}{'' if each['recall'] >= LEAST_RECALL else ' MISSED'}"
            times = f"{each['p50_ms']:.1f} | {each['p95_ms']:.1f}"
            numbers = f"{each['pictures']:,} | {each['limit']:,} | {each['recall']:.4f}"
            print(f"| {size:,}: {each['name']} | {numbers} | {times} | {goal} |")
    print()


def _print_figures(sizes: Sequence[int], results: Sequence[Result]) -> None:
    print(f"| | {' | '.join(f'{size:,}' for size in sizes)} |\n|---|{'--:|' * len(sizes)}")
    for name in results[-1]["figures"]:
        values = " | ".join(f"{result['figures'].get(name, 0):,.0f}" for result in results)
        print(f"| {name} | {values} |")
    if described := results[-1]["index"]:
        print(f"\nThe server's index: {', '.join(f'{key} {value}' for key, value in described.items())}")


if __name__ == "__main__":
    main()
