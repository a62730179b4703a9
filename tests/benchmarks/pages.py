"""The pages that people see most, on sites of several sizes: statements, the time of the first and of a late page.

`python -m tests.benchmarks.pages [--sizes 1000 10000 100000] [--teams 400] [--on lite|servers] [--repeats 5]`.
Fills an installation of each size as `tests.benchmarks.scale` does. Prints a table of Markdown and whether the goals
are met: as many statements on each site, the 1,000th page (or the last one) at most 1.5 times the first one, and at
most 1.5 times as long on the next larger site. Times are CPU time of the page and the database, without the index.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.printing import describe_most, print_machine
from tests.benchmarks.scale import MOST_GROWTH, compute_growth, run_installation

MOST_LATER = 1.5
# The first page of each kind, and a late one.
LATER = "page 1,000 or last"
PAGES = {
    "gallery": f"gallery, {LATER}",
    "collection": f"collection, {LATER}",
    "search, repeated": "search, next results",
    "suggestions": "",
}

Task = Mapping[str, Any]


def main() -> None:
    options = _read_options()
    print_machine("django", "pymilvus", "milvus-lite")
    names = "|".join(re.escape(name) for pair in PAGES.items() for name in pair if name)
    options.tasks, options.queries, options.compared = f"^({names})$", 4, True
    sites = []
    for size in options.sizes:
        result = run_installation(options, size)
        sites.append({task["name"]: task for task in result["tasks"]})
    print_pages(options.sizes, sites)


def print_pages(sizes: Sequence[int], sites: Sequence[Mapping[str, Task]]) -> None:
    print("| page | pictures | statements | ms | late page: statements | ms |\n|---|--:|--:|--:|--:|--:|")
    for first, later in PAGES.items():
        for size, site in zip(sizes, sites, strict=True):
            cells = [_format(site[name]) if name else " | " for name in (first, later)]
            print(f"| {first} | {size:,} | {' | '.join(cells)} |")
    print()
    for first, later in PAGES.items():
        print("\n".join(_judge(first, later, sizes, sites)))


def _format(task: Task) -> str:
    return f"{task['problem']} | " if task["problem"] else f"{task['statements']} | {task['own_ms']:.1f}"


def _judge(first: str, later: str, sizes: Sequence[int], sites: Sequence[Mapping[str, Task]]) -> Iterator[str]:
    if problem := next((site[first]["problem"] for site in sites if site[first]["problem"]), ""):
        yield f"{first}: {problem}"
        return
    counts = sorted({site[first]["statements"] for site in sites})
    yield f"{first}: statements {counts}, goal: the same on each site: {'met' if len(counts) == 1 else 'MISSED'}"
    largest = sites[-1]
    if later and not largest[later]["problem"]:
        slower, _ = compute_growth(largest[first], largest[later], ratio=1)
        yield f"{first}: late page / first page {slower:.2f}, {describe_most(slower, MOST_LATER)}"
    for before, after in zip(range(len(sizes)), range(1, len(sizes)), strict=False):
        growth, _ = compute_growth(sites[before][first], sites[after][first], ratio=1)
        goal = describe_most(growth, MOST_GROWTH)
        yield f"{first}: from {sizes[before]:,} to {sizes[after]:,} pictures {growth:.2f} times, {goal}"


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--teams", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--on", choices=("lite", "servers"), default="lite")
    return parser.parse_args()


if __name__ == "__main__":
    main()
