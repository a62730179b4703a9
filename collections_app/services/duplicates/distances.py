"""How near the vectors of near duplicates must be, measured in each team."""

from collections.abc import Sequence

import numpy as np

from collections_app.index import Vector
from collections_app.models import ComparedImage, Image, TeamComparison
from collections_app.models.concurrent_writes import split_into_chunks
from collections_app.services.indexing.kept_models import KeptModel

# Distances between any two pictures differ from model to model, so the limit is a ratio of the median distance within
# the team: if all pictures of a team are similar, duplicates must be nearer.
MAX_DISTANCE_RATIO = 0.2
# 1 - cosine of two unrelated photos with the usual models, for teams with too few pictures to measure it.
_DEFAULT_DISTANCE = 0.4
_MIN_SAMPLE = 50
_MAX_SAMPLE = 400
# A change of the median that is smaller than this does not compare the team's images again.
_MIN_CHANGE = 0.05


def get_max_distance(comparison: TeamComparison, *, model: KeptModel) -> float:
    """Return the largest 1 - cosine of two near duplicates of the team by a model, and measure it if that is due.

    It is measured when the team has about twice as many images as the last time. If it has changed, all images of the
    team are queued to be compared again. Raises IndexUnavailable.
    """
    is_same_model = comparison.model_key == model.key
    if comparison.median_distance is None or comparison.until_measured <= 0 or not is_same_model:
        previous = comparison.median_distance if is_same_model else None
        median, known = _measure_team(comparison.team_id, model)
        if previous is not None and abs(median - previous) > _MIN_CHANGE * previous:
            _queue_team(comparison.team_id)
        comparison.model_key, comparison.median_distance = model.key, median
        comparison.until_measured = max(known, _MIN_SAMPLE - known)
        comparison.save(update_fields=["model_key", "median_distance", "until_measured"])
    return MAX_DISTANCE_RATIO * comparison.median_distance


def compute_median_distance(vectors: Sequence[Vector]) -> float:
    """Return the median of 1 - cosine over all pairs of a sample of unit vectors, or 0.4 if the sample is too small."""
    if len(vectors) < _MIN_SAMPLE:
        return _DEFAULT_DISTANCE
    stacked = np.stack(vectors)
    distances = 1 - stacked @ stacked.T
    return float(np.median(distances[np.triu_indices(len(vectors), k=1)]))


def queue_comparisons(image_ids: Sequence[int]) -> None:
    """Queue images to be compared even if they have not changed."""
    ComparedImage.objects.filter(pk__in=image_ids).update(facts=None)
    Image.objects.filter(pk__in=image_ids).record_comparison(None)


def _measure_team(team_id: int, model: KeptModel) -> tuple[float, int]:
    """Return the median distance within the team, and about how many of its images have a vector."""
    indexed = Image.objects.not_trashed().indexed().filter(collection__team=team_id)
    ids = list(indexed.order_by("pk").values_list("pk", flat=True))
    sample = ids[:: max(1, len(ids) // _MAX_SAMPLE)]
    vectors = model.index.get_vectors(sample, team_ids=[team_id]) if sample else {}
    return compute_median_distance(list(vectors.values())), len(ids) * len(vectors) // max(1, len(sample))


def _queue_team(team_id: int) -> None:
    """Queue all compared images of the team. If this is interrupted, the next measurement repeats it."""
    hashed = ComparedImage.objects.filter(team=team_id, band_0__isnull=False)
    for chunk in split_into_chunks(list(hashed.values_list("pk", flat=True))):
        queue_comparisons(chunk)
