"""A served site is searched while another model is prepared, switched to, rolled back from, and the former is dropped.

`python -m tests.benchmarks.model_switch [--searches N] [--pictures N] [--vit]`

Prints failed searches, results of mixed models, the times and rate of searches, the pictures encoded per second, and
the memory of the processes (proportional set size). The other model is the first one with its projections rotated: it
gives the same scores, but a cosine between the two means nothing. With `--vit` both have ViT-B/32's architecture and
random weights.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.printing import print_machine
from tests.benchmarks.resources import sum_proportional_mib

if TYPE_CHECKING:
    from tests.processes.model_change import Searchers

_SCRATCH = tempfile.TemporaryDirectory(prefix="model-switch-")
os.environ |= {"DATA_DIR": _SCRATCH.name, "DATABASE_URL": "", "MILVUS_URI": "", "STORAGE_URL": ""}
_PHASES = ("before", "prepare", "ready", "after switch", "after rollback", "after second switch", "after drop")


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--searches", type=int, default=2000, help="in all phases together, at least")
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--vit", action="store_true", help="models of the size of ViT-B/32")
    options = parser.parse_args()
    print_machine("torch", "transformers", "pymilvus", "milvus-lite")
    _run(options)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    """How long a phase took, and its command; and the memory after it."""

    taken_s: float
    command_s: float | None
    memory_mib: float


def _run(options: argparse.Namespace) -> None:
    from tests.processes.installation import finish, make_installation
    from tests.processes.model_change import Searchers

    scratch = Path(_SCRATCH.name)
    first, second = _make_models(scratch, is_large=options.vit)
    site = make_installation(scratch / "site")
    _write_pictures(scratch / "pictures", options.pictures)
    finish(site.import_pictures(scratch / "pictures"))
    served = site.serve((scratch / "log").open("w"), CLIP_MODEL=first)
    each = -(-options.searches // len(_PHASES))
    commands = {
        "prepare": ["prepare", second],
        "after switch": ["switch"],
        "after rollback": ["rollback"],
        "after second switch": ["switch"],
        "after drop": ["drop", first],
    }
    phases: dict[str, _Phase] = {}
    try:
        while site.count_indexed() < options.pictures:
            time.sleep(0.5)
        with Searchers(address=site.address) as searchers:
            for phase in _PHASES:
                searchers.phase = phase
                started, command_s = time.monotonic(), None
                if words := commands.get(phase):
                    site.run("model", *words, CLIP_MODEL=second if words[0] == "drop" else first)
                    command_s = time.monotonic() - started
                searchers.wait_for(each)
                memory = sum_proportional_mib(served.pid)
                taken_s = time.monotonic() - started
                phases[phase] = _Phase(taken_s=taken_s, command_s=command_s, memory_mib=memory)
    finally:
        served.terminate()
        served.communicate(timeout=60)
    _print(searchers, phases, options.pictures)
    if searchers.failures or searchers.mixed:
        sys.exit(1)


def _print(searchers: "Searchers", phases: Mapping[str, _Phase], pictures: int) -> None:
    print(f"{pictures} pictures, 2 web processes, {searchers.count} people; {searchers.total:,} searches")
    print(f"failed: {len(searchers.failures)}   of mixed models: {len(searchers.mixed)}")
    for sentence in [*searchers.failures, *searchers.mixed][:10]:
        print(f"  {sentence[:300]}")
    prepare_s = phases["prepare"].command_s or 0
    print(f"prepared: {pictures / prepare_s:.1f} pictures/s, with the start of the command")
    columns = ("searches", "per s", "median ms", "p95 ms", "models", "memory MiB", "command s")
    print(f"{'phase':<20}" + "".join(f"{column:>10}" for column in columns))
    for name, phase in phases.items():
        times = np.array(searchers.times[name]) * 1000
        median, late = np.percentile(times, [50, 95])
        print(
            f"{name:<20}{len(times):>10}{len(times) / phase.taken_s:>10.1f}{median:>10.0f}{late:>10.0f}"
            f"{len(searchers.tags[name]):>10}{phase.memory_mib:>10.0f}{phase.command_s or 0:>10.1f}"
        )


def _make_models(scratch: Path, *, is_large: bool) -> tuple[str, str]:
    """Return the first model, as CLIP_MODEL names it, and the folder of the rotated one."""
    from tests.benchmarks.random_model import make_random_model
    from tests.other_model import make_rotated_model

    if not is_large:
        return "demo", str(make_rotated_model(scratch / "rotated"))
    make_random_model(scratch / "vit")
    return str(scratch / "vit"), str(make_rotated_model(scratch / "rotated", source=scratch / "vit"))


def _write_pictures(folder: Path, count: int) -> None:
    from collections_app.demo.gallery import draw_picture, get_demo_collections

    folder.mkdir()
    drawn = [picture for collection in get_demo_collections() for picture in collection.pictures]
    for number in range(count):
        content = draw_picture(drawn[number % len(drawn)])
        # A few bytes behind the end make each file another one.
        (folder / f"{number}.jpg").write_bytes(content + number.to_bytes(4, "big"))


if __name__ == "__main__":
    main()
