"""Fills one installation and measures it, in a process of its own that `tests.benchmarks.scale` starts.

`python -m tests.benchmarks.large_site.installation OPTIONS.json RESULT.json`
"""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_INDEXED_WITHIN_S = 3 * 3600
_QUIET_CHECKS, _CHECK_EVERY_S = 3, 5


def main() -> None:
    options = json.loads(Path(sys.argv[1]).read_text())
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.ENCODER_CLASS = "tests.benchmarks.large_site.vectors.DrawnEncoder"
    call_command("migrate", verbosity=0)
    result = measure_installation(**options)
    Path(sys.argv[2]).write_text(json.dumps(result))


def measure_installation(
    *, pictures: int, teams: int, repeats: int, queries: int, tasks: str = "", compared: bool = False
) -> dict[str, Any]:
    from django.core.management import call_command
    from django.db import connection

    from collections_app.encoders import get_encoder
    from tests.benchmarks.large_site.filling import fill_installation
    from tests.benchmarks.large_site.measuring import IndexClock, measure_task
    from tests.benchmarks.large_site.pages import list_tasks
    from tests.benchmarks.large_site.recall import measure_recall
    from tests.benchmarks.resources import read_memory_mib

    get_encoder()
    empty_mib = read_memory_mib("VmRSS")
    filled = fill_installation(pictures=pictures, teams=teams, compared=compared, report=_report)
    figures: dict[str, Any] = {"rows per second": pictures / filled.rows_s}
    figures["vectors stored per second"] = pictures / filled.upsert_s
    figures["seconds until the server had indexed all"] = _wait_for_index()
    started = time.perf_counter()
    call_command("index_worker", drain=True)
    figures["seconds of index_worker --drain"] = time.perf_counter() - started
    with connection.cursor() as cursor:
        # As PostgreSQL's autovacuum does, also for the entries that wait to be sorted into the index of names.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    recalls = [asdict(each) for each in measure_recall(filled, queries=queries)]
    measured = []
    with IndexClock() as clock:
        for task in list_tasks(tasks):
            measured.append(asdict(measure_task(task, clock=clock, repeats=repeats)))
            _report(f"{task.name}: {measured[-1]['total_ms']:.0f} ms {measured[-1]['problem']}")
    figures["MiB that this process grew (it holds Milvus Lite)"] = read_memory_mib("VmRSS") - empty_mib
    return {"figures": figures, "recalls": recalls, "tasks": measured, "index": _describe_index()}


def _wait_for_index() -> float:
    """Flush a server's vectors and wait until its index has all of them; return how many seconds that took."""
    from django.conf import settings

    if not settings.MILVUS_URI:
        return 0.0
    client, name = _open_server()
    started = time.perf_counter()
    client.flush(name, timeout=_INDEXED_WITHIN_S)
    quiet = 0
    while quiet < _QUIET_CHECKS:  # merged segments are indexed once more
        state = client.describe_index(name, "vector")
        _report(f"waiting for the index: {state['pending_index_rows']:,} of {state['total_rows']:,} are pending")
        quiet = 0 if state["pending_index_rows"] else quiet + 1
        time.sleep(_CHECK_EVERY_S)
    client.refresh_load(name)
    return time.perf_counter() - started


def _describe_index() -> dict[str, Any]:
    from django.conf import settings

    if not settings.MILVUS_URI:
        return {}
    client, name = _open_server()
    return {key: str(value) for key, value in client.describe_index(name, "vector").items()}


def _open_server() -> tuple[Any, str]:
    from django.conf import settings
    from pymilvus import MilvusClient

    from collections_app.index.schema import make_collection_name
    from tests.benchmarks.large_site.vectors import MODEL_KEY

    return MilvusClient(settings.MILVUS_URI), make_collection_name(MODEL_KEY)


def _report(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
