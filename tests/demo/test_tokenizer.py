"""The small tokenizer, trained here and as shipped."""

from typing import Any

import pytest
from transformers import AutoTokenizer

from collections_app.demo.evaluate import MODEL_FOLDER
from collections_app.demo.tokenizer import MAX_TOKENS, VOCABULARY_SIZE, list_byte_symbols, train_tokenizer

HOSTILE = [
    "",
    " ",
    "\x00",
    "\ufffd\u202e\u200b",
    "🐶🏽‍🦺" * 50,
    "猫" * 500,
    "a" * 10_000,
    "<|endoftext|> <|startoftext|> <|pad|> </w>",
    "naïve Ωmega ß İ",
    "\n\t\r",
    "'; DROP TABLE images; --",
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(MODEL_FOLDER, local_files_only=True)


@pytest.mark.parametrize("text", ["a white dog", "two red boats on the sea.", "猫 and 🐶", "naïve ωmega"])
def test_text_survives_the_round_trip(tokenizer: Any, text: str) -> None:
    decoded = tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True)
    assert decoded.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_becomes_known_tokens_that_fit_the_context(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, padding=True, truncation=True)["input_ids"]
    assert 2 <= len(ids) <= MAX_TOKENS
    assert ids[0] == tokenizer.bos_token_id
    assert tokenizer.eos_token_id in ids
    assert max(ids) < VOCABULARY_SIZE


def test_the_end_token_has_the_highest_id(tokenizer: Any) -> None:
    assert tokenizer.eos_token_id == VOCABULARY_SIZE - 1 == len(tokenizer) - 1
    assert len({tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id}) == 3


def test_every_byte_and_its_word_end_form_are_in_the_vocabulary(tokenizer: Any) -> None:
    vocabulary = tokenizer.get_vocab()
    symbols = list_byte_symbols()
    assert len(set(symbols)) == 256
    assert all(symbol in vocabulary and f"{symbol}</w>" in vocabulary for symbol in symbols)


def test_capitals_do_not_matter(tokenizer: Any) -> None:
    assert tokenizer("A White DOG")["input_ids"] == tokenizer("a white dog")["input_ids"]


def test_training_the_tokenizer_twice_gives_the_same_vocabulary() -> None:
    first, second = (train_tokenizer(seed=4, caption_count=500).get_vocab() for _ in range(2))
    assert first == second
