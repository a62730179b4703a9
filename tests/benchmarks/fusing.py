"""How well words find the demo's pictures: by the index alone, by names alone, and by both in one ranking.

`python -m tests.benchmarks.fusing [--model DIR]` prints nDCG at 10, the mean over the demo's queries. What is drawn is
the truth. The titles of the demo say what is drawn, so the same run measures pictures of which one in three has a title
and no other names, and pictures of which one in three has the title of another picture.
"""

import argparse
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import django
import numpy as np

from collections_app.demo.captions import Caption
from collections_app.demo.evaluate import MODEL_FOLDER, Gallery
from collections_app.demo.gallery import DemoPicture, get_demo_collections
from collections_app.demo.queries import build_query_families
from collections_app.encoders.clip import ClipEncoder
from tests.benchmarks.printing import print_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
FIRST = 10
# The names of each picture: its title and file name, and its tags.
Names = Sequence[tuple[Sequence[str], Sequence[str]]]


def list_demo_pictures() -> list[DemoPicture]:
    return [picture for collection in get_demo_collections() for picture in collection.pictures]


def build_names(pictures: Sequence[DemoPicture]) -> Mapping[str, Names]:
    """Return the names of the pictures by what they are like."""
    chance = random.Random(0)
    titled = {number for number in range(len(pictures)) if chance.random() < 1 / 3}
    wrong = {number: chance.choice(pictures).title for number in titled}
    return {
        "titles, tags and file names": [((each.title, each.file_name), each.tags) for each in pictures],
        "a third has a title": [
            ((each.title if number in titled else "",), ()) for number, each in enumerate(pictures)
        ],
        "a third has a wrong title": [((wrong.get(number, ""),), ()) for number in range(len(pictures))],
    }


def score_rankings(pictures: Sequence[DemoPicture], names: Names, gallery: Gallery) -> tuple[float, float, float]:
    """Return nDCG at 10 of the index alone, of names alone and of both, the means over the demo's queries."""
    from collections_app.services.search.fusion import fuse

    queries = [query for family in build_query_families().values() for query in family]
    cosines = gallery.compute_cosines(queries)
    scores = []
    for query, row in zip(queries, cosines, strict=True):
        truth = [query.is_true_of(picture.scene) for picture in pictures]
        if any(truth):
            found = np.argsort(-row, kind="stable").tolist()
            tiers = find_tiers(query, names)
            rankings = (found, fuse([], tiers), fuse(found, tiers))
            scores.append([compute_ndcg([truth[number] for number in ranked], sum(truth)) for ranked in rankings])
    alone, by_name, fused = np.mean(scores, axis=0).tolist()
    return alone, by_name, fused


def find_tiers(query: Caption, names: Names) -> tuple[list[int], list[int]]:
    """Return the pictures whose names contain all words of a query, and those where one is the beginning of a word."""
    from collections_app.models.text_search import drop_stop_words
    from collections_app.models.words import find_words
    from collections_app.services.search.fusion import NameKind, collect_tokens, describe_match

    wanted = find_words(drop_stop_words(query.text))
    tiers: tuple[list[int], list[int]] = ([], [])
    for number, (titles, tags) in enumerate(names):
        tokens = collect_tokens(titles)
        kind, is_whole = describe_match(wanted, tokens, tokens | collect_tokens(tags))
        if kind is not NameKind.COLLECTION:
            tiers[not is_whole].append(number)
    return tiers


def compute_ndcg(ranked: Sequence[bool], relevant: int) -> float:
    """Return the normalised discounted cumulative gain of the first ten, with gains of 0 and 1."""
    discounts = 1 / np.log2(np.arange(2, FIRST + 2))
    first = np.array(ranked[:FIRST], dtype=np.float64)
    return float(first @ discounts[: len(first)] / discounts[: min(FIRST, relevant)].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    arguments = parser.parse_args()
    django.setup()
    print_machine()
    pictures = list_demo_pictures()
    gallery = Gallery([picture.scene for picture in pictures], ClipEncoder(str(arguments.model), dtype="float32"))
    print(f"{'nDCG at 10':<30}{'index':>8}{'names':>8}{'fused':>8}")
    for kind, names in build_names(pictures).items():
        print(f"{kind:<30}" + "".join(f"{score:8.3f}" for score in score_rankings(pictures, names, gallery)))


if __name__ == "__main__":
    main()
