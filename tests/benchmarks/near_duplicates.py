"""How well duplicates are distinguished from pictures that only look alike.

`python -m tests.benchmarks.near_duplicates [--photos DIR] [--count 100]`; without photos, drawn scenes
are used. Each picture gets ten copies (smaller, recompressed, cropped, brighter, darker, marked) and one look-alike: of
a photo what the camera sees when it is turned aside by a quarter, of a scene the same in another colour. Prints
precision and recall over pairs: of the service's groups, and in the same run of the hash alone and the vector alone,
the latter also at the bound that is best for it afterwards. The model is the demo's, which knows drawn things.
"""

import argparse
import io
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

from tests.benchmarks.printing import print_machine

_SCRATCH = tempfile.TemporaryDirectory(prefix="imagesearch-bench-")
os.environ |= {"DATA_DIR": _SCRATCH.name, "CLIP_MODEL": "demo", "DATABASE_URL": "", "MILVUS_URI": "", "STORAGE_URL": ""}
os.environ |= {"LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")

Picture = Image.Image
Vectors = NDArray[np.float32]
Pairs = NDArray[np.bool_]


def main() -> None:
    options = _options()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    originals = list(_photos(options) if options.photos else _scenes(options.count))
    print_machine("torch", "pymilvus", "milvus-lite")
    kind = "photos" if options.photos else "drawn scenes"
    print(f"model: demo; pictures: {len(originals)} {kind}, each with copies and a look-alike")
    _measure_quality(originals)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of pictures")
    parser.add_argument("--count", type=int, default=100)
    return parser.parse_args()


def _photos(options: argparse.Namespace) -> Iterator[tuple[Picture, Picture]]:
    """Each with what the same camera would see turned aside: they share three quarters."""
    for path in sorted(path for path in options.photos.iterdir() if path.is_file())[: options.count]:
        photo = Image.open(path).convert("RGB")
        width, height = photo.size
        yield photo.crop((0, 0, width * 4 // 5, height)), photo.crop((width // 5, 0, width, height))


def _scenes(count: int) -> Iterator[tuple[Picture, Picture]]:
    """Each with the same drawing in another colour."""
    from collections_app.demo.drawing import draw_scene
    from collections_app.demo.gallery import get_demo_collections
    from collections_app.demo.scenes import COLOURS

    for picture in [picture for each in get_demo_collections() for picture in each.pictures][::3][:count]:
        main, *rest = picture.scene.groups
        other = replace(main, colour=COLOURS[(COLOURS.index(main.colour) + 3) % len(COLOURS)])
        recoloured = replace(picture.scene, groups=(other, *rest))
        yield tuple(draw_scene(scene, picture.width, picture.height) for scene in (picture.scene, recoloured))  # type: ignore[misc]


def _copies(picture: Picture) -> dict[str, bytes]:
    width, height = picture.size
    half, quarter = ((width // part, height // part) for part in (2, 4))
    return {
        "the picture": _jpeg(picture, 95),
        "half the size": _jpeg(picture.resize(half), 85),
        "quarter, quality 60": _jpeg(picture.resize(quarter), 60),
        "quality 30": _jpeg(picture, 30),
        "cropped by 2%": _jpeg(_cropped(picture, 0.02), 90),
        "cropped by 4%": _jpeg(_cropped(picture, 0.04), 90),
        "cropped by 8%": _jpeg(_cropped(picture, 0.08), 90),
        "15% brighter": _jpeg(ImageEnhance.Brightness(picture).enhance(1.15), 90),
        "20% darker": _jpeg(ImageEnhance.Brightness(picture).enhance(0.8), 90),
        "more contrast": _jpeg(ImageEnhance.Contrast(picture).enhance(1.2), 90),
        "marked": _jpeg(_marked(picture), 90),
    }


def _cropped(picture: Picture, share: float) -> Picture:
    x, y = int(picture.width * share / 2), int(picture.height * share / 2)
    return picture.crop((x, y, picture.width - x, picture.height - y))


def _marked(picture: Picture) -> Picture:
    marked = picture.copy()
    place = (picture.width * 0.55, picture.height * 0.88)
    ImageDraw.Draw(marked, "RGBA").text(place, "example.com", fill=(255, 255, 255, 180), font_size=picture.height // 16)
    return marked


def _jpeg(picture: Picture, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _measure_quality(originals: list[tuple[Picture, Picture]]) -> None:
    """Everything goes the usual way: uploaded, indexed by the worker, and looked through by the service."""
    from collections_app.models import DuplicateGroup
    from collections_app.models import Image as Row
    from collections_app.services.duplicates.comparing import Comparer
    from collections_app.services.duplicates.distances import MAX_DISTANCE_RATIO, compute_median_distance
    from collections_app.services.duplicates.hamming import MAX_BITS
    from collections_app.services.indexing.kept_models import get_active_model
    from collections_app.services.indexing.worker import IndexWorker

    labels = _upload(originals)
    IndexWorker().drain()
    Comparer().drain()
    ids = sorted(labels)
    hashes = dict(Row.objects.filter(pk__in=ids).values_list("pk", "perceptual_hash"))
    vectors = np.stack([get_active_model().index.get_vectors(ids)[pk] for pk in ids])
    upper = np.triu_indices(len(ids), k=1)
    truth = _same([labels[pk][0] for pk in ids])[upper]
    values = np.array([hashes[pk] for pk in ids], dtype=np.int64)
    bits = np.bitwise_count((values[:, None] ^ values[None, :]).view(np.uint64))[upper]
    distances = (1 - vectors @ vectors.T)[upper]
    usual = compute_median_distance(list(vectors[:: max(1, len(vectors) // 400)]))
    bound = MAX_DISTANCE_RATIO * usual
    groups = [list(group.members.values_list("pk", flat=True)) for group in DuplicateGroup.objects.all()]
    print(f"{len(ids)} pictures, {truth.sum()} pairs of copies; usual distance {usual:.3f}, bound {bound:.3f}")
    _print("groups of the service", _grouped(groups, ids)[upper], truth)
    _print("both, pair by pair", (bits <= MAX_BITS) & (distances <= bound), truth)
    _print(f"hash alone, {MAX_BITS} bits", bits <= MAX_BITS, truth)
    _print("embedding alone, same bound", distances <= bound, truth)
    best = max(np.quantile(distances, np.linspace(0.001, 0.1, 60)), key=lambda each: _f1(distances <= each, truth))
    _print(f"embedding alone, best bound ({best:.3f})", distances <= best, truth)
    _print_kinds(groups, labels)


def _upload(originals: list[tuple[Picture, Picture]]) -> dict[int, tuple[str, str]]:
    """Return for each picture which original it belongs to, and as what."""
    from collections_app.models import User
    from collections_app.services.library.collections import create_collection
    from collections_app.services.uploads.ingest import ingest_upload

    user = User.objects.create_user("bench@example.com")
    collection = create_collection(team=user.personal_team, name="Bench", creator=user)
    labels = {}
    for number, (picture, lookalike) in enumerate(originals):
        files = {(str(number), kind): content for kind, content in _copies(picture).items()}
        files[f"not {number}", "look-alike"] = _jpeg(lookalike, 95)
        for label, content in files.items():
            done = ingest_upload(file=io.BytesIO(content), file_name="a.jpg", collection=collection, uploader=user)
            labels[done.image.pk] = label
    return labels


def _same(names: list[str]) -> Pairs:
    array = np.array(names)
    same: Pairs = array[:, None] == array[None, :]
    return same


def _grouped(groups: list[list[int]], ids: list[int]) -> Pairs:
    places = {pk: place for place, pk in enumerate(ids)}
    together = np.zeros((len(ids), len(ids)), dtype=np.bool_)
    for left, right in (pair for group in groups for pair in combinations(group, 2)):
        together[places[left], places[right]] = together[places[right], places[left]] = True
    return together


def _print(name: str, found: Pairs, truth: Pairs) -> None:
    precision = (found & truth).sum() / max(1, found.sum())
    recall = (found & truth).sum() / truth.sum()
    print(f"{name:<40} precision {precision:.4f}  recall {recall:.4f}  wrong pairs {(found & ~truth).sum()}")


def _f1(found: Pairs, truth: Pairs) -> float:
    return float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))


def _print_kinds(groups: list[list[int]], labels: dict[int, tuple[str, str]]) -> None:
    """How many of each kind stand in a group with their original; of look-alikes, in a group with anything."""
    home = {pk: number for number, group in enumerate(groups) for pk in group}
    original = {name: home.get(pk) for pk, (name, kind) in labels.items() if kind == "the picture"}
    found: dict[str, list[bool]] = defaultdict(list)
    for pk, (name, kind) in labels.items():
        found[kind].append(pk in home and home[pk] == original.get(name, home[pk]))
    for kind, places in found.items():
        print(f"    {kind:<22} {np.mean(places):6.1%}")


if __name__ == "__main__":
    main()
