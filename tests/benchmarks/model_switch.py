"""A served site is searched while another model is prepared, switched to, rolled back from, and the former is dropped.

`python -m tests.benchmarks.model_switch [--searches N] [--pictures N] [--vit]`

Prints failed searches, results of mixed models, the times of searches and the memory of the processes (proportional set
size). The other model is the first one with its projections rotated: it gives the same scores, but a cosine between the
two means nothing. With `--vit` both have ViT-B/32's architecture and random weights.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.printing import print_machine

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
    memory: dict[str, float] = {}
    seconds: dict[str, float] = {}
    try:
        while site.count_indexed() < options.pictures:
            time.sleep(0.5)
        with Searchers(address=site.address) as searchers:
            for phase in _PHASES:
                words = {
                    "prepare": ["prepare", second],
                    "after switch": ["switch"],
                    "after rollback": ["rollback"],
                    "after second switch": ["switch"],
                    "after drop": ["drop", first],
                }.get(phase)
                searchers.phase = phase
                started = time.monotonic()
                if words:
                    site.run("model", *words, CLIP_MODEL=second if words[0] == "drop" else first)
                    seconds[phase] = time.monotonic() - started
                searchers.wait_for(each)
                memory[phase] = _measure_memory_mib(served.pid)
    finally:
        served.terminate()
        served.communicate(timeout=60)
    print(f"{options.pictures} pictures, 2 web processes, 4 people; {searchers.total:,} searches")
    print(f"failed: {len(searchers.failures)}   of mixed models: {len(searchers.mixed)}")
    for sentence in [*searchers.failures, *searchers.mixed][:10]:
        print(f"  {sentence[:300]}")
    print(f"{'phase':<21}{'searches':>9}{'median ms':>11}{'p95 ms':>8}{'models':>8}{'memory MB':>11}{'command s':>11}")
    for phase in _PHASES:
        times = np.array(searchers.times[phase]) * 1000
        command = f"{seconds[phase]:.1f}" if phase in seconds else ""
        median, late = np.percentile(times, [50, 95])
        models = len(searchers.tags[phase])
        print(f"{phase:<21}{len(times):>9}{median:>11.0f}{late:>8.0f}{models:>8}{memory[phase]:>11.0f}{command:>11}")
    if searchers.failures or searchers.mixed:
        sys.exit(1)


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


def _measure_memory_mib(served: int) -> float:
    """Return the proportional set size of the site's processes."""
    total = 0
    for child in [served, *map(int, Path(f"/proc/{served}/task/{served}/children").read_text().split())]:
        lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


if __name__ == "__main__":
    main()
