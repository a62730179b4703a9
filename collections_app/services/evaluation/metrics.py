"""How well models search, by what people have marked: precision and recall in the first k hits of each query."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collections_app.encoders import Encoder, get_encoder
from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.models import Image, RelevanceJudgment, Team, User
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.preparation import read_picture
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import answer

_CHUNK = 32

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one person has said of pictures that they still may see: `truth` by the picture's id."""

    person: User
    text: str
    truth: Mapping[int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one query did. None: there was nothing to divide by."""

    text: str
    judged: int
    precision: float | None
    recall: float | None


def read_judgements(*, team: Team | None = None) -> list[Judgement]:
    """Return the marks that count, by person and query; with a team, only those on its pictures."""
    judgements = []
    for person in User.objects.filter(pk__in=RelevanceJudgment.objects.values("user")).order_by("pk"):
        marks = RelevanceJudgment.objects.counting_for(person)
        marks = marks.filter(image__collection__team=team) if team else marks
        truths: dict[str, dict[int, bool]] = defaultdict(dict)
        for text, image_id, is_right in marks.order_by("query", "image").values_list("query", "image_id", "is_right"):
            truths[text][image_id] = is_right
        judgements += [Judgement(person=person, text=text, truth=truth) for text, truth in truths.items()]
    return judgements


def score_ranking(text: str, ranked: Sequence[bool | None], truths: Iterable[bool], *, k: int) -> Score:
    """Score hits, best first, each right, wrong or not judged (None), against all judgements of the query.

    Hits that nobody has judged count neither way: precision is the share of right ones among the judged of the first k,
    recall the share of all right ones that is there.
    """
    first = [is_right for is_right in ranked[:k] if is_right is not None]
    known = list(truths)
    return Score(
        text=text,
        judged=len(known),
        precision=_share(sum(first), len(first)),
        recall=_share(sum(first), sum(known)),
    )


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of those that are there: every query weighs the same."""
    there = [value for value in values if value is not None]
    return _share(sum(there), len(there))


def score_search(judgement: Judgement, *, k: int, team: Team | None = None) -> Score:
    """Score the site's own search, asked by the person who judged, over everything they may see, or in the team.

    Raises EncoderError or IndexUnavailable.
    """
    asked = {"q": judgement.text, "team": str(team.pk) if team else ""}
    hits = answer(parse_search_request(user=judgement.person, asked=asked), divider=NO_CUTOFFS).ranked
    ranked = [judgement.truth.get(hit.id) for hit in hits[:k]]
    return score_ranking(judgement.text, ranked, judgement.truth.values(), k=k)


class JudgedPictures:
    """The judged pictures with their vectors of one model, whether or not there is an index of it.

    `encoded` is how many were encoded here, `lost` how many could not be read. Raises EncoderError or IndexUnavailable.
    """

    def __init__(self, judgements: Iterable[Judgement], encoder: Encoder) -> None:
        self._encoder = encoder
        ids = sorted({image_id for judgement in judgements for image_id in judgement.truth})
        self._vectors = dict(get_active_index().vectors(ids)) if encoder.key == get_encoder().key else {}
        missing = [image_id for image_id in ids if image_id not in self._vectors]
        for start in range(0, len(missing), _CHUNK):
            self._vectors |= self._encode(missing[start : start + _CHUNK])
        self.encoded = len(set(missing) & self._vectors.keys())
        self.lost = len(ids) - len(self._vectors)

    def score(self, judgement: Judgement, *, k: int) -> Score:
        """Score the model's ranking of just those pictures that are judged for the query."""
        there = sorted(judgement.truth.keys() & self._vectors.keys())
        if not there:
            return score_ranking(judgement.text, [], judgement.truth.values(), k=k)
        asked = self._encoder.encode_texts([judgement.text])[0]
        cosines = np.stack([self._vectors[image_id] for image_id in there]) @ asked
        ranked = [judgement.truth[there[place]] for place in np.argsort(-cosines, kind="stable")]
        return score_ranking(judgement.text, ranked, judgement.truth.values(), k=k)

    def _encode(self, ids: Sequence[int]) -> dict[int, Vector]:
        readable = {}
        for image in Image.objects.filter(pk__in=ids):
            try:
                readable[image.pk] = read_picture(image)
            except (InvalidImage, StorageUnavailable, FileNotFoundError):
                continue  # it is counted as lost
        vectors = self._encoder.encode_images(list(readable.values()))
        return dict(zip(readable, vectors, strict=True))


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
