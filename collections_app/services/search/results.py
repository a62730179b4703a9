"""What a question finds: pictures that are likely, pictures that may be, and pictures that are called so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from collections_app.encoders import get_encoder
from collections_app.errors import NotIndexed
from collections_app.errors import gettext_noop as _
from collections_app.index import Hit
from collections_app.models import Example, Image
from collections_app.models.image import ImageQuerySet
from collections_app.models.text_search import split_words, telling_words
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.search.calibration import get_baseline
from collections_app.services.search.composition import Part as VectorPart
from collections_app.services.search.composition import compose, score_scale
from collections_app.services.search.example_images import example_vector
from collections_app.services.search.query import Part
from collections_app.services.search.relevance import NO_CUTOFFS, Baseline, Cutoffs, find_cutoffs
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import (
    MAX_HITS,
    RankedImage,
    Scope,
    Vector,
    nearest_in_index,
    sample_of_index,
    search_ahead,
    visible_hits,
)
from collections_app.services.search.sql_filters import apply_filters
from collections_app.services.search.text_embeddings import embed_text

# A picture this near to an example is the example, and says nothing of how near others are.
_THE_SAME = 0.99
# From so many hits on there may be more pictures than hits; a few hits may have been dropped.
_NEARLY_ALL = MAX_HITS * 0.9
_FIRST_ONE_IN = 16


class Verdict(Enum):
    """What the divider says. NO_CUTOFFS: nothing, as with too few pictures, or where all are near by degrees."""

    DIVIDED = "divided"
    NOTHING_LIKELY = "nothing likely"
    NO_CUTOFFS = "undivided"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults:
    """The pictures to show, in order, the first `likely` of them likely; `left_out` are past "maybe"."""

    ranked: Sequence[RankedImage] = field(default_factory=tuple)
    likely: int = 0
    left_out: int = 0
    verdict: Verdict = Verdict.NO_CUTOFFS
    divider: Cutoffs = NO_CUTOFFS

    @property
    def is_divided(self) -> bool:
        return self.verdict is Verdict.DIVIDED

    @property
    def finds_nothing_likely(self) -> bool:
        return self.verdict is Verdict.NOTHING_LIKELY

    @property
    def maybe(self) -> int:
        return len(self.ranked) - self.likely


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """What model and index say to a question, and where that is to be divided: nothing that the database was asked."""

    hits: Sequence[Hit] = ()
    divider: Cutoffs = NO_CUTOFFS


def look_up(question: SearchRequest, *, divider: Cutoffs | None = None) -> Callable[[], Nearest]:
    """Ask the model, and begin to ask the index; what is returned waits for its answer.

    With a divider, as an earlier answer has it, nothing is divided anew. Both raise EncoderError, IndexUnavailable,
    NotIndexed (an example waits for its vector) or CancelledOut.
    """
    if not question.usable_parts:
        return Nearest
    parts = _vector_parts(question)
    vector = compose(parts)
    wait = search_ahead(scope=question.scope, vector=vector, filters=question.filters)

    def nearest() -> Nearest:
        hits = wait()
        return Nearest(hits=hits, divider=divider or _divider(question, vector, score_scale(parts), hits))

    return nearest


def answer(question: SearchRequest, *, divider: Cutoffs | None = None) -> SearchResults:
    """Return the pictures that the question finds, best first; none where nothing is asked.

    Conditions alone find the newest pictures that meet them, without scores. With a divider further pages of an answer
    agree with its first. Raises as `look_up`: a failure is never an empty answer.
    """
    return visible_answer(question, look_up(question, divider=divider)())


def visible_answer(question: SearchRequest, nearest: Nearest) -> SearchResults:
    """Return what the database shows of it. Raises nothing that concerns the model or the index."""
    if question.usable_parts:
        hits = visible_hits(nearest.hits, images=question.scope.images)
        divided = divided_answer(hits, nearest.divider, is_graded=question.is_graded)
        return _newest_first(divided, question.scope.images) if question.newest_first else divided
    if question.query.parts or not question.query.conditions:
        return SearchResults()
    newest = apply_filters(question.scope.images.latest_first(), question.filters, limit=MAX_HITS)
    return SearchResults(ranked=[RankedImage(id=pk, score=None) for pk in newest.values_list("pk", flat=True)])


def answer_in_words(*, scope: Scope, text: str, divider: Cutoffs | None = None) -> SearchResults:
    """The same for one plain sentence. Raises EncoderError or IndexUnavailable."""
    vector = embed_text(text)
    hits = nearest_in_index(scope=scope, vector=vector)
    if divider is None:
        divider = _divide(scope, vector, hits, yardstick=get_baseline(scope))
    return divided_answer(visible_hits(hits, images=scope.images), divider)


def divided_answer(hits: Sequence[Hit], divider: Cutoffs, *, is_graded: bool = False) -> SearchResults:
    """`is_graded`: pictures are near by degrees, so that finding nothing likely means nothing."""
    likely = sum(hit.score >= divider.likely for hit in hits)
    shown = [RankedImage(id=hit.id, score=hit.score) for hit in hits if hit.score >= divider.maybe]
    verdict = Verdict.DIVIDED if likely else Verdict.NOTHING_LIKELY
    if divider == NO_CUTOFFS or (is_graded and not likely):
        verdict = Verdict.NO_CUTOFFS
    return SearchResults(ranked=shown, likely=likely, left_out=len(hits) - len(shown), verdict=verdict, divider=divider)


def find_title_matches(question: SearchRequest, *, limit: int) -> list[Image]:
    """Return the first pictures whose names hold all the words asked for, best first; conditions count as well.

    "a white dog" finds what is called "White dog.jpg"."""
    if not split_words(question.wanted_words):
        return []
    named = question.scope.images.named(telling_words(question.wanted_words)).with_collection()
    return list(apply_filters(named, question.filters, limit=limit))


def _divider(question: SearchRequest, vector: Vector, stretch: float, hits: Sequence[Hit]) -> Cutoffs:
    """Told by everything that one may see: among nothing but dogs, a dog is nothing special."""
    if all(part.weight < 0 for part in question.usable_parts):
        return NO_CUTOFFS  # almost everything is unlike something
    scope = question.everywhere
    if question.is_narrowed and hits:
        hits = nearest_in_index(scope=scope, vector=vector)
    if question.is_graded:
        return _divide(scope, vector, hits, telling=_without_examples(question, hits))
    yardstick = get_baseline(scope)
    return _divide(scope, vector, hits, yardstick=yardstick and yardstick.stretched(stretch))


def _divide(
    scope: Scope,
    vector: Vector,
    hits: Sequence[Hit],
    *,
    telling: Sequence[Hit] | None = None,
    yardstick: Baseline | None = None,
) -> Cutoffs:
    """Where there are more pictures than hits, a part of all of them tells what is usual. `telling`: those of the hits
    that say something, if not all."""
    scores = [hit.score for hit in (hits if telling is None else telling)]
    if len(hits) < _NEARLY_ALL or not scores:
        return find_cutoffs(scores, yardstick=yardstick)
    sample = sample_of_index(scope=scope, vector=vector, sample_every=_FIRST_ONE_IN)
    below = [hit.score for hit in sample.hits if hit.score < scores[-1]]
    return find_cutoffs(scores, below=below, sample_every=sample.sample_every, yardstick=yardstick)


def _newest_first(found: SearchResults, images: ImageQuerySet) -> SearchResults:
    """Sort those that are likely by date, and all of an answer that is not divided."""
    count = found.likely or (len(found.ranked) if found.verdict is Verdict.NO_CUTOFFS else 0)
    first, rest = found.ranked[:count], found.ranked[count:]
    times = images.filter(pk__in=[each.id for each in first]).values_list("pk", "taken_at", "created_at")
    dates = {pk: taken_at or created_at for pk, taken_at, created_at in times}
    there = [each for each in first if each.id in dates]
    dated = sorted(there, key=lambda each: (dates[each.id], each.id), reverse=True)
    return SearchResults(
        ranked=[*dated, *rest],
        likely=found.likely and len(dated),
        left_out=found.left_out,
        verdict=found.verdict,
        divider=found.divider,
    )


def _without_examples(question: SearchRequest, hits: Sequence[Hit]) -> list[Hit]:
    if not question.examples:
        return list(hits)
    given = {example.pk for example in question.examples.values() if isinstance(example, Image)}
    return [hit for hit in hits if hit.id not in given and hit.score < _THE_SAME]


def _vector_parts(question: SearchRequest) -> list[VectorPart]:
    model_key = get_encoder().key
    pictures = [each.pk for each in question.examples.values() if isinstance(each, Image)]
    stored = get_active_index().vectors(pictures) if pictures else {}
    parts = [(_vector_of(part, question.examples, stored, model_key), part.weight) for part in question.usable_parts]
    return [VectorPart(vector=vector, weight=weight) for vector, weight in parts]


def _vector_of(
    part: Part, examples: Mapping[str, Image | Example], stored: Mapping[int, Vector], model_key: str
) -> Vector:
    if not part.is_example:
        return embed_text(part.value)
    example = examples[part.value]
    vector = _kept_vector(example, model_key) if isinstance(example, Example) else stored.get(example.pk)
    if vector is None:
        raise NotIndexed(_("An example in your search is not searchable yet. Try again in a moment."))
    return vector


def _kept_vector(example: Example, model_key: str) -> Vector | None:
    return example_vector(example) if example.model_key == model_key else None
