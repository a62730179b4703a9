"""What recording metrics adds to a request: the same pages with and without it, in turns, in one run.

`python -m tests.benchmarks.recording [--rounds 200]`. A site of its own has 60 pictures, indexed with the demo model.
Each page is requested in this process, through the whole stack of Django, with a recording and with another handler.
Prints the processor time of each, and their ratio.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.printing import describe_most, print_machine

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
_OWN = {"DATA_DIR": _SCRATCH.name, "MILVUS_URI": "", "DATABASE_URL": "", "STORAGE_URL": "", "METRICS_PORT": "0"}
os.environ |= {**_OWN, "CLIP_MODEL": "demo", "LOG_LEVEL": "error", "OMP_NUM_THREADS": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
PAGES = ("/-/live/", "/accounts/login/", "/", "/search/?q=a+white+dog")
_MOST_TIMES = 1.05
_PICTURES = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    import django

    django.setup()
    plain, recording = _make_clients()
    print_machine("django", "prometheus-client")
    print(f"{_PICTURES} pictures, medians of {rounds} requests, processor time of the process\n")
    print("| page | ms without | ms with | more, ms | ratio |\n|---|--:|--:|--:|--:|")
    for page in PAGES:
        without, with_metrics = _measure(page, plain, recording, rounds)
        ratio = with_metrics / without
        print(f"| {page} | {without:.3f} | {with_metrics:.3f} | {with_metrics - without:.3f} | {ratio:.3f} |")
    print(f"\nsearch page: with / without {ratio:.3f}, {describe_most(ratio, _MOST_TIMES)}")


def _make_clients() -> tuple[Any, Any]:
    """Return a client whose handler records nothing and one whose handler does; the second sets up recording."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import override_settings

    from collections_app.metrics import join_metrics
    from collections_app.models import User
    from collections_app.services.indexing.worker import IndexWorker
    from collections_app.services.library.collections import create_collection
    from tests.sample_team import put_picture, sign_in_client

    settings.ALLOWED_HOSTS.append("testserver")
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("a@example.com", "a long password")
    collection = create_collection(team=user.personal_team, name="Pictures", creator=user)
    for number in range(_PICTURES):
        put_picture(collection, user, f"{number}.png", colour=(number * 4, 90, 200))
    IndexWorker().drain()
    plain, recording = sign_in_client(user), sign_in_client(user)
    plain.get("/-/live/")  # loads its middleware
    with override_settings(METRICS_PORT=9464, METRICS_DIR=Path(_SCRATCH.name) / "metrics"):
        join_metrics("web")
        recording.get("/-/live/")
    return plain, recording


def _measure(page: str, plain: Any, recording: Any, rounds: int) -> tuple[float, float]:
    """Return the median milliseconds without and with metrics. The order changes with each round."""
    from collections_app import metrics

    recorder = metrics._recorder
    times: dict[Any, list[float]] = {plain: [], recording: []}
    for number in range(rounds + 5):
        for client in (plain, recording) if number % 2 else (recording, plain):
            metrics._recorder = recorder if client is recording else None
            started = time.process_time()
            assert client.get(page).status_code in (200, 302)
            times[client].append((time.process_time() - started) * 1000)
    return median(times[plain][5:]), median(times[recording][5:])


if __name__ == "__main__":
    main()
