"""People who search a served site while its model is changed: their answers are compared with those from before."""

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import requests

from tests.processes.visitor import Visitor

QUERIES = ("a red car", "a white dog", "a green tree", "a blue house", "a yellow flower", "night", "snow", "a cat")
# Rounding changes the scores of a rotated model by less; between two models they are about 0.
_TOLERANCE = 0.03
_TILE = re.compile(r'data-image-id="(\d+)"\s+data-score="(-?[\d.]+)"')
_TAG = re.compile(r"cutoffs=[^&\"]*_([0-9a-f]{8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The scores of the pictures of the first page, and the tag of the model that ranked them."""

    scores: Mapping[int, float]
    tag: str


def read_answer(page: str) -> Answer:
    tags = set(_TAG.findall(page))
    scores = {int(pk): float(score) for pk, score in _TILE.findall(page)}
    return Answer(scores=scores, tag=tags.pop() if len(tags) == 1 else "")


@dataclass(kw_only=True)
class Searchers:
    """Threads that search until the end of a `with` block. `phase` is what happens meanwhile."""

    address: str
    count: int = 4
    phase: str = "before"
    expected: dict[str, Mapping[int, float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    tags: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def __enter__(self) -> "Searchers":
        self._stop = threading.Event()
        first = Visitor(self.address)
        for query in QUERIES:
            self.expected[query] = read_answer(self._search(first, query).text).scores
        assert all(self.expected.values())
        self._threads = [threading.Thread(target=self._run, args=(Visitor(self.address),)) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        return sum(map(len, self.times.values()))

    def wait_for(self, count: int) -> None:
        """Wait until so many searches of this phase are done."""
        while len(self.times[self.phase]) < count:
            time.sleep(0.05)

    def list_tags(self, *phases: str) -> Sequence[str]:
        return sorted({tag for phase in phases for tag in self.tags[phase]})

    def _run(self, visitor: Visitor) -> None:
        number = 0
        while not self._stop.is_set():
            query = QUERIES[number % len(QUERIES)]
            number, phase, started = number + 1, self.phase, time.perf_counter()
            try:
                answer = self._search(visitor, query)
            except requests.RequestException as error:
                self.failures.append(f"{phase}: {error}")
                continue
            self.times[phase].append(time.perf_counter() - started)
            if answer.status_code != 200:
                self.failures.append(f"{phase}: {answer.status_code} {answer.text[-500:]}")
            else:
                self._check(phase, query, read_answer(answer.text))

    def _check(self, phase: str, query: str, answer: Answer) -> None:
        """Pictures that were added meanwhile are not expected."""
        self.tags[phase][answer.tag] += 1
        known = {pk: score for pk, score in answer.scores.items() if pk in self.expected[query]}
        wrong = [pk for pk, score in known.items() if abs(score - self.expected[query][pk]) > _TOLERANCE]
        if wrong or not known or not answer.tag:
            self.mixed.append(f"{phase}: {query}, {answer.tag}: {wrong}")

    def _search(self, visitor: Visitor, query: str) -> requests.Response:
        """All results, so that there is a second page, whose address names the model."""
        parameters = {"q": query, "all": "1"}
        return visitor.session.get(f"{self.address}/search/", params=parameters, timeout=60)
