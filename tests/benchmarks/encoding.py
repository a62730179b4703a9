"""The encoder with ViT-B/32's architecture: preprocessing, number formats, texts beside an index worker, and memory.

`python -m tests.benchmarks.encoding [--photos DIR]`; without photos, drawn scenes are used. The weights are random:
speed and memory do not depend on their values. Every figure is printed with its comparison, from the same run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.printing import print_machine
from tests.benchmarks.random_model import make_random_model
from tests.benchmarks.resources import read_proportional_mib

_SCRATCH = os.environ.get("ENCODING_BENCHMARK") or tempfile.mkdtemp(prefix="imagesearch-bench-")
_MODEL = Path(_SCRATCH) / "vit-b-32"
os.environ |= {"DATA_DIR": _SCRATCH, "CLIP_MODEL": str(_MODEL), "MILVUS_URI": "", "LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
# Starts a process of this benchmark. Roles: "web" encodes texts, "worker" computes in a lane per core.
_COMMAND = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.encoding", "--role"]
_TEXTS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of pictures")
    parser.add_argument("--role", choices=["web", "worker", "formats"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    import django

    django.setup()
    if options.role:
        {"web": _run_web, "worker": _run_worker, "formats": _run_formats}[options.role]()
        return
    from tests.benchmarks.indexing import list_pictures

    files = list_pictures(options.photos, 100)
    make_random_model(_MODEL)
    print_machine("torch", "transformers")
    kind = "photos" if options.photos else "drawn scenes"
    print(f"processor: {_read_processor()}; pictures: {len(files)} {kind}; ViT-B/32, random weights")
    _compare_preprocessing(files)
    _compare_formats()
    _compare_texts()
    _compare_memory()


def _read_processor() -> str:
    flags = Path("/proc/cpuinfo").read_text()
    return ", ".join(name for name in ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx2") if name in flags)


def _compare_preprocessing(files: list[bytes]) -> None:
    """Time on one core, and the cosine of the vectors. Pictures are at most 1,024 pixels long, as in the worker."""
    import io

    import numpy as np
    from transformers import AutoImageProcessor

    from collections_app.encoders import get_encoder, use_one_thread
    from collections_app.imaging import open_picture

    use_one_thread()
    encoder = get_encoder()
    processor = AutoImageProcessor.from_pretrained(_MODEL, backend="pil")
    pictures = [open_picture(io.BytesIO(content), max_edge_px=1024) for content in files]

    def process(picture: Any) -> Any:
        return processor(images=[picture], return_tensors="np")["pixel_values"]

    theirs_ms = _time_each(process, pictures)
    ours_ms = _time_each(lambda picture: encoder.preprocess([picture]), pictures)
    theirs = encoder.encode_pixels(np.concatenate([process(picture) for picture in pictures]))
    cosines = (theirs * encoder.encode_images(pictures)).sum(axis=1)
    print("preprocessing, processor time for each picture:")
    print(f"  transformers {theirs_ms:6.2f} ms")
    print(f"  one pass     {ours_ms:6.2f} ms; cosine at least {cosines.min():.6f}, mean {cosines.mean():.6f}")


def _compare_formats() -> None:
    """The instructions of an older processor are chosen before torch is imported: hence a process of its own."""
    for instructions in ("DEFAULT", "AVX512_CORE_VNNI"):
        print(f"image tower, one thread, batches of 16, ONEDNN_MAX_CPU_ISA={instructions}:", flush=True)
        environment = os.environ | {"ENCODING_BENCHMARK": _SCRATCH, "ONEDNN_MAX_CPU_ISA": instructions}
        subprocess.run([*_COMMAND, "formats"], env=environment, check=True)


def _time_each(function: Callable[[Any], object], items: list[Any], rounds: int = 3) -> float:
    def measure() -> float:
        started = time.process_time()
        for item in items:
            function(item)
        return (time.process_time() - started) / len(items) * 1000

    return min(measure() for _ in range(rounds))


def _compare_texts() -> None:
    """A fresh text, encoded in a web process: with nothing beside it, and beside lanes that never pause."""
    threads = sorted({1, os.cpu_count() or 1})
    print("a text in a web process, ms, median of two rounds, idle -> beside an index worker at full speed:")
    for count in threads:
        with _start("web", OMP_NUM_THREADS=str(count)) as web:
            idle = [_ask(web)]
            with _start("worker") as worker:
                _ask(worker)
                busy = [_ask(web), _ask(web)]
            idle.append(_ask(web))
        before, beside = (statistics.median(map(float, each)) for each in (idle, busy))
        print(f"  {count} intra-op thread(s): {before:6.1f} -> {beside:6.1f} ({beside / before:.2f} times)")


def _compare_memory() -> None:
    """Two web processes and an index worker. With a folder that cannot be made, each has weights of its own."""
    print("resident memory (proportional set size), MiB: web process, web process, index worker; all three")
    for name, folder in (("weights of its own in each process", "/dev/null"), ("shared weights", "")):
        with ExitStack() as running:
            first, second, worker = processes = [
                running.enter_context(_start(role, OWN=folder)) for role in ("web", "web", "worker")
            ]
            print(f"  {name}:")
            _print_memory("started, model loaded", processes)
            _ask(first)
            _ask(second)
            _print_memory("searching", processes)
            _ask(worker)
            time.sleep(3)
            _print_memory("searching and indexing", processes)


def _print_memory(state: str, processes: "list[subprocess.Popen[str]]") -> None:
    sizes = [read_proportional_mib(process.pid) for process in processes]
    print(f"    {state:24} {' '.join(f'{size:6.0f}' for size in sizes)} {sum(sizes):7.0f}")


@contextmanager
def _start(role: str, **environment: str) -> "Iterator[subprocess.Popen[str]]":
    """Start a process in a session of its own, as `serve` does, and wait until it has loaded the model."""
    process = subprocess.Popen(
        [*_COMMAND, role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"ENCODING_BENCHMARK": _SCRATCH, "OMP_NUM_THREADS": "1"} | environment,
        start_new_session=True,
    )
    try:
        assert process.stdout
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


def _ask(process: "subprocess.Popen[str]") -> str:
    assert process.stdin
    assert process.stdout
    process.stdin.write("go\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def _load() -> Any:
    from django.conf import settings

    from collections_app.encoders import get_encoder

    settings.SHARED_WEIGHTS_DIR = os.environ.get("OWN") or settings.SHARED_WEIGHTS_DIR
    encoder = get_encoder()
    encoder.encode_texts(["load"])
    print("ready", flush=True)
    return encoder


def _run_formats() -> None:
    import numpy as np

    from collections_app.encoders import ModelSpec, make_encoder, use_one_thread

    use_one_thread()
    # Emulated, bfloat16 takes four times as long as float32.
    is_older = os.environ["ONEDNN_MAX_CPU_ISA"] != "DEFAULT"
    dtypes = ("float32", "int8") if is_older else ("float32", "bfloat16", "int8")
    encoders = {dtype: make_encoder(ModelSpec(source=str(_MODEL), dtype=dtype)) for dtype in dtypes}
    pixels = np.random.default_rng(0).standard_normal((16, 3, 224, 224), dtype=np.float32)
    vectors = {dtype: encoder.encode_pixels(pixels) for dtype, encoder in encoders.items()}
    times: dict[str, list[float]] = {dtype: [] for dtype in encoders}
    for _ in range(3):
        for dtype, encoder in encoders.items():
            times[dtype].append(_time_each(encoder.encode_pixels, [pixels], rounds=1) / len(pixels))
    medians = {dtype: statistics.median(each) for dtype, each in times.items()}
    for dtype, each in medians.items():
        cosine = (vectors[dtype] * vectors["float32"]).sum(axis=1).min()
        ratio = medians["float32"] / each
        print(f"  {dtype:8} {each:6.1f} ms for a picture, {ratio:.2f} times as fast, cosine at least {cosine:.5f}")


def _run_web() -> None:
    """For each line of the input, print the median time of a text in ms."""
    encoder = _load()
    for number, _ in enumerate(sys.stdin):
        times = []
        for text in range(_TEXTS):
            started = time.perf_counter()
            encoder.encode_texts([f"a white dog {number} {text}"])
            times.append((time.perf_counter() - started) * 1000)
            time.sleep(0.02)
        print(statistics.median(times), flush=True)


def _run_worker() -> None:
    import threading

    from PIL import Image

    from collections_app.encoders import use_one_thread

    encoder = _load()
    pixels = encoder.preprocess([Image.effect_noise((300, 200), 60).convert("RGB")] * 16)

    def compute() -> None:
        use_one_thread()
        while True:
            encoder.encode_pixels(pixels)

    for _ in sys.stdin:
        for _lane in range(os.cpu_count() or 1):
            threading.Thread(target=compute, daemon=True).start()
        print("started", flush=True)


if __name__ == "__main__":
    try:
        main()
    finally:
        if "ENCODING_BENCHMARK" not in os.environ:
            import shutil

            shutil.rmtree(_SCRATCH)
