"""Index pictures end to end, with ViT-B/32's architecture, beside the tutorial's loop and the bare forward pass.

`python -m tests.benchmarks.indexing [--photos DIR] [--count N] [--rounds N]`; without photos, drawn scenes are used.
The weights are random: speed does not depend on their values. All rates are measured in turns, in each round; the
medians are printed beside the goals. At last it prints what each stage costs on one thread.
"""

import argparse
import io
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.printing import print_machine
from tests.benchmarks.random_model import make_random_model

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
MODEL = Path(_SCRATCH.name) / "vit-b-32"
os.environ |= {"DATA_DIR": _SCRATCH.name, "CLIP_MODEL": str(MODEL), "MILVUS_URI": "", "LOG_LEVEL": "error"}
os.environ |= {"DATABASE_URL": "", "STORAGE_URL": ""}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_FORWARD_BATCHES = (8, 16, 32)
_FORWARD_PICTURES = 96
_TUTORIAL_PICTURES = 40
_STAGE_PICTURES = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of pictures")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    files = list_pictures(options.photos, options.count)
    make_random_model(MODEL)
    upload(files)
    print_machine("torch", "transformers", "pymilvus", "milvus-lite")
    print(f"pictures: {len(files)} {'photos' if options.photos else 'drawn scenes'}; ViT-B/32, random weights")
    rates = _measure_in_turns(files, options.rounds)
    for name, rate in rates.items():
        print(f"{name:<72}{rate:>7.1f} pictures/s")
    _print_ratios(rates)
    _print_stages(files[:_STAGE_PICTURES])


def _measure_in_turns(files: Sequence[bytes], rounds: int) -> dict[str, float]:
    measures: dict[str, Callable[[], float]] = {
        "tutorial's loop, one at a time, float32": partial(_run_tutorial, files)
    }
    for batch in _FORWARD_BATCHES:
        for lanes, name in ((1, "one lane, a thread per core"), (_cores(), "a lane per core, one thread each")):
            measures[f"bare forward pass, {name}, batches of {batch}"] = partial(_run_forward, batch, lanes=lanes)
    measures["index worker, end to end"] = _index_all
    measures["index worker, beside one busy core"] = _index_beside_load
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: statistics.median(rates) for name, rates in found.items()}


def _print_ratios(rates: dict[str, float]) -> None:
    tutorial, *forward, ours, loaded = rates.values()
    has_amx = "amx_bf16" in Path("/proc/cpuinfo").read_text()
    print(f"{ours / tutorial:6.2f} times the tutorial's loop (goal: {4.5 if has_amx else 3})")
    print(f"{ours / max(forward):6.2f} of the bare forward pass at its best (goal: 0.55)")
    print(f"{loaded / ours:6.2f} of that beside one busy core (goal: 0.6)")


def list_pictures(folder: Path | None, count: int) -> list[bytes]:
    return list(itertools.islice(_photos(folder) if folder else _drawings(), count))


def _photos(folder: Path) -> Iterator[bytes]:
    """Yield the photos again and again, with other bytes: equal files would be stored once."""
    contents = [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]
    for turn in itertools.count():
        yield from (content + bytes(turn) for content in contents)


def _drawings() -> Iterator[bytes]:
    from collections_app.demo.gallery import draw_picture, get_demo_collections

    pictures = [picture for collection in get_demo_collections() for picture in collection.pictures]
    return map(draw_picture, pictures)


def upload(files: Sequence[bytes]) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from collections_app.models import User
    from collections_app.services.library.collections import create_collection
    from collections_app.services.uploads.ingest import ingest_upload

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("bench@example.com")
    collection = create_collection(team=user.personal_team, name="Bench", creator=user)
    for number, content in enumerate(files):
        ingest_upload(file=io.BytesIO(content), file_name=f"{number}.jpg", collection=collection, uploader=user)


def _index_all() -> float:
    """Time the worker alone: claim, decode, thumbnail, hash, encode, upsert, mark."""
    from django.core.files.storage import default_storage

    from collections_app.encoders import get_encoder
    from collections_app.models import Image
    from collections_app.services.indexing.audit import queue_reencoding
    from collections_app.services.indexing.worker import IndexWorker
    from collections_app.services.library.renditions import Rendition, build_rendition_name

    for image in Image.objects.all():
        default_storage.delete(build_rendition_name(image.file_name, Rendition.GRID))
    Image.objects.record_index_state(index_state="pending", index_model_key="")
    queue_reencoding(Image.objects.all())
    get_encoder().encode_texts(["load the weights"])
    started = time.perf_counter()
    IndexWorker().drain()
    return Image.objects.indexed().count() / (time.perf_counter() - started)


def _index_beside_load() -> float:
    with _busy_core():
        return _index_all()


@contextmanager
def _busy_core() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _run_forward(batch: int, *, lanes: int) -> float:
    """The model alone, on pixels that are ready: in one lane with a thread per core, or in a lane per core."""
    import numpy as np
    import torch

    from collections_app.encoders import get_encoder

    pixels = np.random.default_rng(0).random((batch, 3, 224, 224), dtype=np.float32)
    encoder, calls = get_encoder(), -(-_FORWARD_PICTURES // batch // lanes)

    def run(_: int) -> None:
        torch.set_num_threads(1 if lanes > 1 else _cores())
        for _ in range(calls):
            encoder.encode_pixels(pixels)

    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(run, range(lanes)))  # warm-up
        started = time.perf_counter()
        list(pool.map(run, range(lanes)))
        return batch * calls * lanes / (time.perf_counter() - started)


def _run_tutorial(files: Sequence[bytes]) -> float:
    """Open, preprocess, encode and normalise one picture after the other, in float32."""
    import torch
    from PIL import Image

    torch.set_num_threads(_cores())
    model, processor = _load_tutorial()
    started = time.perf_counter()
    with torch.no_grad():
        for content in files[:_TUTORIAL_PICTURES]:
            picture = Image.open(io.BytesIO(content)).convert("RGB")
            features = model.get_image_features(**processor(images=picture, return_tensors="pt")).pooler_output
            features /= features.norm(dim=-1, keepdim=True)
    return len(files[:_TUTORIAL_PICTURES]) / (time.perf_counter() - started)


def _load_tutorial() -> tuple[Any, Any]:
    from transformers import AutoImageProcessor, CLIPModel

    if not _loaded:
        model = CLIPModel.from_pretrained(MODEL).eval()
        _loaded.append((model, AutoImageProcessor.from_pretrained(MODEL, backend="pil")))
    return _loaded[0]


_loaded: list[tuple[Any, Any]] = []


def _print_stages(files: Sequence[bytes]) -> None:
    """Print processor time per picture of each stage, on one thread; the rest is storage, database and index."""
    import numpy as np

    from collections_app.encoders import get_encoder, use_one_thread
    from collections_app.imaging import compute_perceptual_hash, make_thumbnail, open_picture

    use_one_thread()
    encoder = get_encoder()

    def measure(name: str, step: Callable[[Any], Any], items: Sequence[Any], per_item: int = 1) -> list[Any]:
        started = time.thread_time()
        results = [step(item) for item in items]
        print(f"  {name:<22}{(time.thread_time() - started) / len(items) / per_item * 1000:6.2f} ms")
        return results

    print("processor time per picture on one thread:")
    pictures = measure("decode", lambda content: open_picture(io.BytesIO(content), max_edge_px=1024), files)
    measure("thumbnail", lambda picture: make_thumbnail(picture, edge_px=480), pictures)
    measure("perceptual hash", compute_perceptual_hash, pictures)
    pixels = measure("preprocessing", lambda picture: encoder.preprocess([picture])[0], pictures)
    batches = [np.stack(pixels[start : start + 16]) for start in range(0, len(pixels) - 15, 16)]
    measure("forward pass", encoder.encode_pixels, batches, per_item=16)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
