"""Texts to vectors: remembered, shared between threads, encoded together, and failing alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from collections_app.encoders import get_encoder
from collections_app.errors import EncoderError, ModelUnavailable
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.search.text_embeddings import MAX_TEXTS_PER_BATCH, TextEmbeddingCache, embed_text
from tests.clock import wait_until

BAD = "bad"


class Model:
    """Stands for an encoder whose forward passes can be held up, and which notes what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.failure: Exception = EncoderError("This text is bad.")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(list(texts))
        assert self.may_go_on.wait(30)
        if BAD in texts:
            raise self.failure
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def texts(model: Model) -> TextEmbeddingCache:
    return TextEmbeddingCache(model.encode)


def ask_while_the_model_is_busy(
    model: Model, texts: TextEmbeddingCache, words: Sequence[str]
) -> list[Future[list[float]]]:
    """Let all of them gather behind a text that is being encoded; return their answers once they are there."""
    model.may_go_on.clear()
    with ThreadPoolExecutor(len(words) + 1) as threads:
        threads.submit(texts.embed, "first")
        wait_until(lambda: model.batches == [["first"]])
        answers = [threads.submit(lambda text: texts.embed(text).tolist(), text) for text in words]
        wait_until(lambda: len(texts._queue) == len(set(words)))
        model.may_go_on.set()
    return answers


def test_cached_text_is_not_encoded_again(model: Model, texts: TextEmbeddingCache) -> None:
    assert texts.embed("dog").tolist() == texts.embed("dog").tolist() == [3, 1]
    assert model.batches == [["dog"]]


def test_two_threads_encode_a_new_text_once(model: Model, texts: TextEmbeddingCache) -> None:
    answers = ask_while_the_model_is_busy(model, texts, ["dog", "dog", "dog"])

    assert [each.result() for each in answers] == [[3, 1]] * 3
    assert model.batches == [["first"], ["dog"]]


def test_waiting_texts_are_encoded_in_one_batch(model: Model, texts: TextEmbeddingCache) -> None:
    words = ["a" * length for length in range(1, 11)]

    answers = ask_while_the_model_is_busy(model, texts, words)

    assert [each.result() for each in answers] == [[length, 1] for length in range(1, 11)]
    assert [sorted(batch) for batch in model.batches] == [["first"], words]


def test_batch_size_is_limited(model: Model, texts: TextEmbeddingCache) -> None:
    words = [f"text {number}" for number in range(MAX_TEXTS_PER_BATCH + 5)]

    ask_while_the_model_is_busy(model, texts, words)

    assert [len(batch) for batch in model.batches] == [1, MAX_TEXTS_PER_BATCH, 5]


def test_invalid_text_fails_alone(model: Model, texts: TextEmbeddingCache) -> None:
    model.failure = TypeError("whatever a tokenizer may raise")

    good, bad, other = ask_while_the_model_is_busy(model, texts, ["good", BAD, "other"])

    assert (good.result(), other.result()) == ([4, 1], [5, 1])
    with pytest.raises(TypeError):
        bad.result()


def test_missing_model_fails_every_waiter_at_once(model: Model, texts: TextEmbeddingCache) -> None:
    model.failure = ModelUnavailable("There is no model.")

    answers = ask_while_the_model_is_busy(model, texts, ["good", BAD])

    for each in answers:
        with pytest.raises(ModelUnavailable):
            each.result()
    assert len(model.batches) == 2


def test_failure_is_not_cached(model: Model, texts: TextEmbeddingCache) -> None:
    with pytest.raises(EncoderError):
        texts.embed(BAD)
    with pytest.raises(EncoderError):
        texts.embed(BAD)

    assert model.batches == [[BAD], [BAD]]


def test_interrupted_lock_holder_leaves_no_waiters(model: Model) -> None:
    def interrupt(_texts: Sequence[str]) -> NDArray[np.float32]:
        raise KeyboardInterrupt

    texts = TextEmbeddingCache(interrupt)
    words = texts._enqueue("dog")
    with pytest.raises(KeyboardInterrupt):
        texts.embed("dog")

    with pytest.raises(EncoderError, match="interrupted"):
        words.get_vector()


def test_least_recently_used_text_is_evicted(model: Model) -> None:
    texts = TextEmbeddingCache(model.encode, max_cached=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        texts.embed(text)

    assert model.batches == [["a"], ["b"], ["c"], ["b"]]


def test_cached_vectors_are_exact_and_read_only(db: None) -> None:
    vector = embed_text("a white dog", model=get_active_model())

    np.testing.assert_allclose(vector, get_encoder().encode_texts(["a white dog"])[0], atol=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


def test_batch_and_single_encoding_give_equal_vectors() -> None:
    words = ["a dog", "a large white sample in the snow", "", "🐶"]
    texts = TextEmbeddingCache(get_encoder().encode_texts)
    with ThreadPoolExecutor(len(words)) as threads:
        together = list(threads.map(texts.embed, words))

    alone = [get_encoder().encode_texts([text])[0] for text in words]
    assert np.sum(np.array(together) * np.array(alone), axis=1).min() > 0.999
