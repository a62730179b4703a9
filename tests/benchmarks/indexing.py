"""Index pictures end to end, and by the tutorial's loop, with ViT-B/32's architecture on the same machine and weights.

`python -m tests.benchmarks.indexing [--photos DIR] [--count N]`; without photos, drawn scenes are used. The weights are
random: speed does not depend on their values. Prints what was run, on what, and both rates.
"""

import argparse
import io
import os
import platform
import tempfile
import time
from pathlib import Path

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
_MODEL = Path(_SCRATCH.name) / "vit-b-32"
os.environ |= {"DATA_DIR": _SCRATCH.name, "CLIP_MODEL": str(_MODEL), "MILVUS_URI": "", "LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of pictures")
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    files = _photos(options.photos)[: options.count] if options.photos else _drawings(options.count)
    _make_model()
    ours = _index_them(files)
    theirs = _tutorial_loop(files)
    machine = platform.processor() or platform.machine()
    print(f"machine: {machine}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"pictures: {len(files)} {'photos' if options.photos else 'drawn scenes'}; ViT-B/32, random weights")
    print(f"tutorial's loop, one at a time, float32: {theirs:6.1f} pictures/s")
    print(f"index worker, end to end:                {ours:6.1f} pictures/s ({ours / theirs:.2f} times)")


def _photos(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]


def _drawings(count: int) -> list[bytes]:
    from collections_app.demo.gallery import draw_picture, get_demo_collections

    pictures = [picture for collection in get_demo_collections() for picture in collection.pictures]
    return [draw_picture(picture) for picture in pictures[:count]]


def _make_model() -> None:
    """The architecture is CLIPConfig's default; the demo's tokenizer serves, since no text is encoded."""
    from transformers import AutoTokenizer, CLIPConfig, CLIPImageProcessor, CLIPModel

    from collections_app.demo import model_export

    CLIPModel(CLIPConfig()).save_pretrained(_MODEL)
    CLIPImageProcessor().save_pretrained(_MODEL)
    AutoTokenizer.from_pretrained(Path(model_export.__file__).parent / "model").save_pretrained(_MODEL)


def _index_them(files: list[bytes]) -> float:
    """Upload first; then time the worker alone: claim, decode, thumbnail, encode, upsert, mark."""
    import django

    django.setup()
    from django.core.management import call_command

    from collections_app.encoders import get_encoder
    from collections_app.models import Image, User
    from collections_app.services.indexing.worker import IndexWorker
    from collections_app.services.library.collections import create_collection
    from collections_app.services.uploads.ingest import ingest_upload

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("bench@example.com")
    collection = create_collection(team=user.personal_team, name="Bench", creator=user)
    for number, content in enumerate(files):
        ingest_upload(file=io.BytesIO(content), file_name=f"{number}.jpg", collection=collection, uploader=user)
    get_encoder().encode_texts(["load the weights"])
    started = time.perf_counter()
    IndexWorker().drain()
    return Image.objects.exclude(index_model_key="").count() / (time.perf_counter() - started)


def _tutorial_loop(files: list[bytes]) -> float:
    """Open, preprocess, encode and normalise one picture after the other, in float32."""
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, CLIPModel

    model = CLIPModel.from_pretrained(_MODEL).eval()
    processor = AutoImageProcessor.from_pretrained(_MODEL, backend="pil")
    started = time.perf_counter()
    with torch.no_grad():
        for content in files:
            picture = Image.open(io.BytesIO(content)).convert("RGB")
            features = model.get_image_features(**processor(images=picture, return_tensors="pt")).pooler_output
            features /= features.norm(dim=-1, keepdim=True)
    return len(files) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
