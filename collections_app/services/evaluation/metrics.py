"""Precision and recall of models at k, measured with the relevance judgments that people made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from collections_app.chunks import iterate_chunks
from collections_app.encoders import Encoder
from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.index import Vector
from collections_app.models import Image, Team
from collections_app.services.evaluation.judgments import JudgedQuery
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models
from collections_app.services.indexing.preparation import read_picture
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request, require_understood
from collections_app.services.search.results import run_search

_IMAGES_PER_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The metrics of one query. None: there was nothing to divide by."""

    text: str
    judged: int
    precision: float | None
    recall: float | None


def score_ranking(text: str, ranked: Sequence[bool | None], judgments: Iterable[bool], *, k: int) -> Score:
    """Score results, best first, each right, wrong or not judged (None), against all judgments of the query.

    Results without a judgment do not count. Precision is the share of right results among the judged ones of the first
    k. Recall is the share of all right pictures that are among the first k.
    """
    first = [is_right for is_right in ranked[:k] if is_right is not None]
    known = list(judgments)
    return Score(
        text=text,
        judged=len(known),
        precision=_divide(sum(first), len(first)),
        recall=_divide(sum(first), sum(known)),
    )


def compute_mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that exist. Each query has the same weight."""
    existing = [value for value in values if value is not None]
    return _divide(sum(existing), len(existing))


def score_search(judged: JudgedQuery, *, k: int, team: Team | None = None, model: KeptModel | None = None) -> Score:
    """Score the site's own search as the person who judged, over everything they may see or in one team.

    `model` searches instead of the active one. Raises SearchNotUnderstood, EncoderError or IndexUnavailable.
    """
    parameters = {"q": judged.text, "team": str(team.pk) if team else ""}
    request = parse_search_request(user=judged.person, parameters=parameters)
    require_understood(request)
    cutoffs = replace(NO_CUTOFFS, model_tag=model.tag) if model else NO_CUTOFFS
    ranked = run_search(request, cutoffs=cutoffs, wanted=k).ranked[:k]
    known = [[judged.judgments.get(pk) for pk in (each.id, *each.copies)] for each in ranked]
    shown = [next((is_right for is_right in copies if is_right is not None), None) for copies in known]
    return score_ranking(judged.text, shown, judged.judgments.values(), k=k)


class JudgedImages:
    """The judged pictures with their vectors by one model: from its index if it is kept, else encoded here.

    `encoded_count` pictures were encoded here, `unreadable_count` could not be read. Raises EncoderError or
    IndexUnavailable.
    """

    def __init__(self, judged: Iterable[JudgedQuery], encoder: Encoder) -> None:
        self._encoder = encoder
        ids = sorted({image_id for each in judged for image_id in each.judgments})
        kept = next((each for each in read_kept_models() if each.key == encoder.key), None)
        self._vectors = dict(kept.index.get_vectors(ids)) if kept else {}
        missing = [image_id for image_id in ids if image_id not in self._vectors]
        for chunk in iterate_chunks(missing, _IMAGES_PER_BATCH):
            self._vectors |= self._encode(chunk)
        self.encoded_count = len(set(missing) & self._vectors.keys())
        self.unreadable_count = len(ids) - len(self._vectors)

    def score(self, judged: JudgedQuery, *, k: int) -> Score:
        """Score the model's ranking of just those pictures that are judged for the query."""
        ids = sorted(judged.judgments.keys() & self._vectors.keys())
        if not ids:
            return score_ranking(judged.text, [], judged.judgments.values(), k=k)
        query_vector = self._encoder.encode_texts([judged.text])[0]
        cosines = np.stack([self._vectors[image_id] for image_id in ids]) @ query_vector
        ranked = [judged.judgments[ids[place]] for place in np.argsort(-cosines, kind="stable")]
        return score_ranking(judged.text, ranked, judged.judgments.values(), k=k)

    def _encode(self, ids: Sequence[int]) -> dict[int, Vector]:
        readable = {}
        for image in Image.objects.filter(pk__in=ids):
            try:
                readable[image.pk] = read_picture(image)
            except (InvalidImage, StorageUnavailable, FileNotFoundError):
                continue  # counted as unreadable
        vectors = self._encoder.encode_images(list(readable.values()))
        return dict(zip(readable, vectors, strict=True))


def _divide(part: float, whole: int) -> float | None:
    return part / whole if whole else None
