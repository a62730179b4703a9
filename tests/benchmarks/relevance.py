"""How well cutoffs separate likely pictures from others, on drawn scenes and queries that nothing was tuned on.

`python -m tests.benchmarks.relevance [--scenes 1000] [--seed 0] [--model DIR] [--verbose]`. Unseen scenes are the
gallery, unseen captions are the queries: 100 with many matches (10 or more), 50 with a few, 50 with none, all in words
that the model knows. What is drawn is the truth. The same run compares with the one cosine that, chosen afterwards,
makes the fewest errors on these queries, and with the best cut of each ranking, chosen afterwards too. With more
scenes than a search samples, it also compares cutoffs from the first hits and a sample with those of all scores.
"""

import argparse
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django
import numpy as np
from numpy.typing import NDArray

from collections_app.demo.captions import Caption, sample_caption
from collections_app.demo.evaluate import MODEL_FOLDER, Gallery, sample_unseen_scenes
from collections_app.demo.scenes import sample_scene
from collections_app.encoders import Encoder
from collections_app.encoders.clip import ClipEncoder
from tests.benchmarks.printing import describe_least, describe_most, print_machine

if TYPE_CHECKING:
    from collections_app.services.search.relevance import Baseline
    from collections_app.services.search.samples import ScopeSample

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_MANY, _FEW, _NONE = 100, 50, 50
_FROM_MANY = 10
_LEAST_F1, _LEAST_NONE, _MOST_ERRORS = 0.85, 0.9, 0.5
_MOST_TRIES = 100_000
_NARROW = 10

Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One query: its scores, best first, with what is true of each picture, and what the cutoffs call likely.

    `by_sample` is what the cutoffs of a large scope call likely, `narrowed` what they do in a tenth of the pictures.
    """

    text: str
    scores: Numbers
    truth: Truth
    likely: Truth
    by_sample: Truth
    is_narrow: Truth
    narrowed: Truth

    @property
    def matches(self) -> int:
        return int(self.truth.sum())

    @property
    def f1(self) -> float:
        return f1_of(self.truth, self.likely)

    @property
    def errors(self) -> int:
        return int((self.truth != self.likely).sum())


def main() -> None:
    options = _options()
    django.setup()
    encoder = ClipEncoder(str(options.model), dtype="float32")
    gallery = Gallery(sample_unseen_scenes(options.scenes, options.seed), encoder)
    _print_setting(options)
    cases = list(_cases(gallery, encoder, options.seed))
    if options.verbose:
        for case in cases:
            print(f"    F1 {case.f1:.2f}  likely {int(case.likely.sum()):>4} of {case.matches:>4}  {case.text}")
    _print_quality(cases)
    _print_errors(cases)
    _print_sampled(cases)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--verbose", action="store_true", help="every query")
    return parser.parse_args()


def _print_setting(options: argparse.Namespace) -> None:
    print_machine("torch", "transformers", "numpy")
    print(f"gallery: {options.scenes} unseen scenes, seed {options.seed}, model {options.model.name}")


def _cases(gallery: Gallery, encoder: Encoder, seed: int) -> Iterator[Case]:
    """Captions of scenes that are not in the gallery, drawn until there are enough of each sort; no two alike."""
    chance = random.Random(f"cutoffs {seed}")
    from collections_app.services.search.relevance import Baseline
    from collections_app.services.search.samples import NEUTRAL_TEXT

    wanted = {"many": _MANY, "few": _FEW, "none": _NONE}
    queries: dict[str, Caption] = {}
    for _ in range(_MOST_TRIES):
        caption = sample_caption(sample_scene(chance), chance)
        sort = _sort(sum(map(caption.is_true_of, gallery.scenes)))
        if caption.text not in queries and wanted[sort]:
            queries[caption.text] = caption
            wanted[sort] -= 1
        if not any(wanted.values()):
            break
    nothing, *vectors = encoder.encode_texts([NEUTRAL_TEXT, *queries])
    usual = gallery.vectors @ nothing
    baseline = Baseline(mean=float(usual.mean()), std=float(usual.std()))
    sample = _draw_sample(gallery, usual, seed)
    for caption, vector in zip(queries.values(), vectors, strict=True):
        yield _case(gallery, caption, vector, baseline, sample)


def _sort(matches: int) -> str:
    return "many" if matches >= _FROM_MANY else "few" if matches else "none"


def _draw_sample(gallery: Gallery, neutral_scores: Numbers, seed: int) -> "ScopeSample":
    """Draw as a search does from a scope of this size."""
    from collections_app.models import Image
    from collections_app.services.search.samples import ScopeSample, choose_step
    from collections_app.services.search.scope import Scope

    count = len(gallery.scenes)
    step = choose_step(count)
    drawn = np.flatnonzero(np.random.default_rng(seed).random(count) < 1 / step)
    return ScopeSample(
        scope=Scope(images=Image.objects.none()),
        ids=drawn,
        vectors=gallery.vectors[drawn].astype(np.float16),
        neutral_scores=neutral_scores[drawn].astype(np.float64),
        sample_every=step,
        total=count,
        newest_id=count,
        is_settled=True,
    )


def _case(
    gallery: Gallery, caption: Caption, vector: NDArray[np.float32], baseline: "Baseline", sample: "ScopeSample"
) -> Case:
    from collections_app.services.search.relevance import find_cutoffs

    scores = (gallery.vectors @ vector).astype(np.float64)
    order = np.argsort(-scores, kind="stable")
    truth = np.array([caption.is_true_of(gallery.scenes[place]) for place in order], dtype=bool)
    cutoffs = find_cutoffs(scores[order].tolist(), baseline=baseline)
    is_narrow = order % _NARROW == 0
    narrow = order[is_narrow]
    return Case(
        text=caption.text,
        scores=scores[order],
        truth=truth,
        likely=scores[order] >= cutoffs.likely,
        by_sample=scores[order] >= _find_likely(caption, vector, order, scores, sample),
        is_narrow=is_narrow,
        narrowed=scores[narrow] >= _find_likely(caption, vector, narrow, scores, sample),
    )


def _find_likely(
    caption: Caption, vector: NDArray[np.float32], order: NDArray[np.int64], scores: Numbers, sample: "ScopeSample"
) -> float:
    """Return the cutoff of a search whose hits are these pictures, in this order."""
    from collections_app.index import Hit
    from collections_app.models import Image
    from collections_app.services.search.query import Query, Term
    from collections_app.services.search.relevance import find_request_cutoffs
    from collections_app.services.search.request import SearchRequest
    from collections_app.services.search.retrieval import MAX_HITS
    from collections_app.services.search.scope import Scope

    visible = Scope(images=Image.objects.none())
    scope = visible if len(order) == len(scores) else Scope(images=Image.objects.none())
    request = SearchRequest(
        text=caption.text, query=Query((Term(value=caption.text),)), scope=scope, visible_scope=visible
    )
    hits = [Hit(id=int(place), score=float(scores[place])) for place in order[:MAX_HITS]]
    return find_request_cutoffs(request, vector, hits, score_scale=1.0, sample=sample).likely


def f1_of(truth: Truth, likely: Truth) -> float:
    """2 TP / (2 TP + FP + FN); 1 where there is nothing to find and nothing is found."""
    wrong = int((truth != likely).sum())
    right = int((truth & likely).sum())
    return 2 * right / (2 * right + wrong) if right or wrong else 1.0


def fewest_errors(scores: Numbers, truth: Truth) -> tuple[int, float]:
    """Return the fewest errors that one cut makes over all pictures at once, and the score of the last likely one."""
    order = np.argsort(-scores, kind="stable")
    hits = truth[order]
    errors = np.concatenate([[hits.sum()], np.cumsum(~hits) + hits.sum() - np.cumsum(hits)])
    best = int(errors.argmin())
    return int(errors[best]), float(scores[order][best - 1]) if best else float("inf")


def _print_quality(cases: Sequence[Case]) -> None:
    sorts = {sort: [case for case in cases if _sort(case.matches) == sort] for sort in ("many", "few", "none")}
    truth, likely = (np.concatenate([getattr(case, part) for case in cases]) for part in ("truth", "likely"))
    over_all = f1_of(truth, likely)
    by_query = float(np.mean([case.f1 for case in sorts["many"] + sorts["few"]]))
    nothing = float(np.mean([not case.likely.any() for case in sorts["none"]]))
    print(f"queries: {', '.join(f'{len(members)} with {sort}' for sort, members in sorts.items())} matches")
    for sort in ("many", "few"):
        print(f"  F1 of likely, mean of those with {sort:<5}{float(np.mean([case.f1 for case in sorts[sort]])):>7.3f}")
    print(f"  F1 of likely, mean of the queries {by_query:>10.3f}   {describe_least(by_query, _LEAST_F1)}")
    print(f"  F1 of likely, over all pictures {over_all:>12.3f}   {describe_least(over_all, _LEAST_F1)}")
    print(f"  nothing likely where there is none {nothing:>9.3f}   {describe_least(nothing, _LEAST_NONE)}")


def _print_errors(cases: Sequence[Case]) -> None:
    scores, truth = (np.concatenate([getattr(case, part) for case in cases]) for part in ("scores", "truth"))
    single, cosine = fewest_errors(scores, truth)
    errors = sum(case.errors for case in cases)
    least = sum(fewest_errors(case.scores, case.truth)[0] for case in cases)
    print("pictures on the wrong side")
    print(f"  by the cutoffs {errors:>30}")
    print(f"  by the best single cosine, {cosine:.3f} {single:>12}")
    print(f"  by the best cut of each ranking {least:>13}")
    times = errors / max(single, 1)
    print(f"  cutoffs: {times:.2f} times the single cosine's errors   {describe_most(times, _MOST_ERRORS)}")
    if least > _MOST_ERRORS * single:
        print(f"  no cutoffs can meet it: the best cut of each ranking has {least / single:.2f} times as many")


def _print_sampled(cases: Sequence[Case]) -> None:
    """Compare the cutoffs that a search finds with those of all scores, on the same queries."""
    judged = {
        "all scores": [(case.truth, case.likely) for case in cases],
        "first hits and a sample": [(case.truth, case.by_sample) for case in cases],
        "all scores, in a tenth": [(case.truth[case.is_narrow], case.likely[case.is_narrow]) for case in cases],
        "a sample, in a tenth": [(case.truth[case.is_narrow], case.narrowed) for case in cases],
    }
    print("cutoffs from                  mean F1   nothing likely where there is none   wrong pictures")
    for name, pairs in judged.items():
        f1 = float(np.mean([f1_of(truth, likely) for truth, likely in pairs if truth.any()]))
        nothing = float(np.mean([not likely.any() for truth, likely in pairs if not truth.any()]))
        wrong = sum(int((truth != likely).sum()) for truth, likely in pairs)
        print(f"  {name:<26}{f1:>9.3f}{nothing:>39.3f}{wrong:>17}")


if __name__ == "__main__":
    main()
