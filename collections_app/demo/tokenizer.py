"""Trains the small byte-pair tokenizer in CLIP's own format on the captions of drawn scenes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from transformers import CLIPTokenizer

from collections_app.demo.captions import build_title, sample_caption
from collections_app.demo.scenes import sample_scene

VOCABULARY_SIZE = 1024
MAX_TOKENS = 32
BEGIN, END, PAD = "<|startoftext|>", "<|endoftext|>", "<|pad|>"
WORD_END = "</w>"

Word = tuple[str, ...]
Pair = tuple[str, str]


def train_tokenizer(seed: int = 0, caption_count: int = 20_000) -> CLIPTokenizer:
    """Learn merges from captions. Every byte is in the vocabulary, so every text can be encoded.

    The ids of pad, begin and end are the last three; end is the highest, as CLIP's pooling expects.
    """
    merges = _learn_merges(_count_words(seed, caption_count), VOCABULARY_SIZE - 2 * 256 - 3)
    symbols = list_byte_symbols()
    tokens = symbols + [symbol + WORD_END for symbol in symbols] + ["".join(merge) for merge in merges]
    tokens += [f"<|unused{index}|>" for index in range(VOCABULARY_SIZE - 3 - len(tokens))] + [PAD, BEGIN, END]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,
        unk_token=END,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        model_max_length=MAX_TOKENS,
    )


def list_byte_symbols() -> list[str]:
    """Return the 256 printable symbols for bytes, as GPT-2 and CLIP define them (`bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]


def _count_words(seed: int, caption_count: int) -> Counter[Word]:
    rng = random.Random(seed)
    words: Counter[Word] = Counter()
    for _ in range(caption_count):
        scene = sample_scene(rng)
        for text in (sample_caption(scene, rng).text, build_title(scene).lower()):
            words.update(_split(text))
    return words


def _split(text: str) -> Iterable[Word]:
    for word in text.replace(".", " . ").replace(",", " , ").split():
        yield (*word[:-1], word[-1] + WORD_END)


def _learn_merges(words: Counter[Word], limit: int) -> list[Pair]:
    merges: list[Pair] = []
    while len(merges) < limit:
        pairs: Counter[Pair] = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = Counter({_merge(word, best): count for word, count in words.items()})
    return merges


def _merge(word: Word, pair: Pair) -> Word:
    merged: list[str] = []
    for symbol in word:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)
