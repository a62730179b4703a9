"""Training batches: easily confused pictures, their captions, and which caption is true of which picture."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import CLIPTokenizer

from collections_app.demo.captions import Caption, sample_caption
from collections_app.demo.patches import Ints, PicturePool
from collections_app.demo.scenes import COLOURS, KINDS, SURROUNDINGS, Scene, swap_colours
from collections_app.demo.tokenizer import MAX_TOKENS

PICTURES = 64
CAPTIONS_PER_PICTURE = 2
ANY = -1
MEAN = (0.62, 0.60, 0.60)
STD = (0.29, 0.26, 0.26)

_SHARED_KINDS = 6
_COLOURS_PER_KIND = 4
_SWAPPED_PAIRS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBatch:
    """Tensors of one step. Facts are class indices; ANY (-1) in a caption's facts means that the caption does not say.

    pixel_values (n, 3, 60, 60) · input_ids, attention_mask (m, tokens) · truth (m, n) bool · patch_* (n, 36)
    groups (n, 2, 3) · surroundings (n,) · wishes (m, 3) · wished_surroundings (m,)
    """

    pixel_values: Tensor
    input_ids: Tensor
    attention_mask: Tensor
    truth: Tensor
    patch_kinds: Tensor
    patch_colours: Tensor
    groups: Tensor
    surroundings: Tensor
    wishes: Tensor
    wished_surroundings: Tensor


class BatchMaker:
    """Endless, seeded batches from a pool of pictures."""

    def __init__(self, pool: PicturePool, tokenizer: CLIPTokenizer, seed: int) -> None:
        self._pool = pool
        self._tokenizer = tokenizer
        self._rng = random.Random(seed)
        self._noise = np.random.default_rng(seed)
        self._token_ids: dict[str, list[int]] = {}
        self._by_kind: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, scene in enumerate(pool.scenes):
            self._by_kind[scene.main.kind][scene.main.colour].append(index)
        self._swapped_pairs = [index for index, pair in enumerate(pairwise(pool.scenes)) if _are_swapped(*pair)]

    def make_batch(self) -> TrainingBatch:
        selected = np.array(self._select_pictures(), dtype=np.int64)
        pool = self._pool
        captions = [
            sample_caption(pool.scenes[index], self._rng) for index in selected for _ in range(CAPTIONS_PER_PICTURE)
        ]
        wishes, wished_surroundings = _encode_wishes(captions)
        groups, surroundings = pool.groups[selected], pool.surroundings[selected]
        input_ids, attention_mask = self._tokenize([caption.text for caption in captions])
        return TrainingBatch(
            pixel_values=torch.from_numpy(self._vary_light(pool.pixels[selected])),
            input_ids=input_ids,
            attention_mask=attention_mask,
            truth=torch.from_numpy(build_truth_matrix(wishes, wished_surroundings, groups, surroundings)),
            patch_kinds=torch.from_numpy(pool.patch_kinds[selected].astype(np.int64)),
            patch_colours=torch.from_numpy(pool.patch_colours[selected].astype(np.int64)),
            groups=torch.from_numpy(groups),
            surroundings=torch.from_numpy(surroundings),
            wishes=torch.from_numpy(wishes[:, 0]),
            wished_surroundings=torch.from_numpy(wished_surroundings),
        )

    def _select_pictures(self) -> list[int]:
        selected: list[int] = []
        for kind in self._rng.sample(sorted(self._by_kind), min(_SHARED_KINDS, len(self._by_kind))):
            by_colour = self._by_kind[kind]
            colours = self._rng.sample(sorted(by_colour), min(_COLOURS_PER_KIND, len(by_colour)))
            selected += [self._rng.choice(by_colour[colour]) for colour in colours]
        for index in self._rng.sample(self._swapped_pairs, min(_SWAPPED_PAIRS, len(self._swapped_pairs))):
            selected += [index, index + 1]
        return selected + self._rng.choices(range(len(self._pool.scenes)), k=PICTURES - len(selected))

    def _tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        for text in texts:
            if text not in self._token_ids:
                self._token_ids[text] = self._tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        rows = [self._token_ids[text] for text in texts]
        length = max(map(len, rows))
        pad = self._tokenizer.pad_token_id
        input_ids = torch.tensor([row + [pad] * (length - len(row)) for row in rows])
        return input_ids, (input_ids != pad).long()

    def _vary_light(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        count = len(pixels)
        values = pixels.astype(np.float32) / 255
        gain = self._noise.uniform(0.86, 1.12, (count, 1, 1, 1)) * self._noise.uniform(0.96, 1.04, (count, 1, 1, 3))
        values = values * gain.astype(np.float32) + self._noise.uniform(-0.05, 0.05, (count, 1, 1, 1)).astype(
            np.float32
        )
        values += 0.012 * self._noise.standard_normal(values.shape, dtype=np.float32)
        values = (values.clip(0, 1) - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _are_swapped(first: Scene, second: Scene) -> bool:
    return len(first.groups) > 1 and second == swap_colours(first)


def build_truth_matrix(
    wishes: Ints, wished_surroundings: Ints, groups: Ints, surroundings: Ints
) -> npt.NDArray[np.bool_]:
    """Return a boolean matrix: whether each caption (row) is true of each picture (column), from the drawn facts."""
    wished = wishes[:, None, :, None, :]
    fulfilled = ((wished == ANY) | (wished == groups[None, :, None, :, :])).all(-1).any(-1).all(-1)
    placed = (wished_surroundings[:, None] == ANY) | (wished_surroundings[:, None] == surroundings[None, :])
    both: npt.NDArray[np.bool_] = fulfilled & placed
    return both


def _encode_wishes(captions: list[Caption]) -> tuple[Ints, Ints]:
    wishes = np.full((len(captions), 2, 3), ANY, dtype=np.int64)
    surroundings = np.full(len(captions), ANY, dtype=np.int64)
    for row, caption in enumerate(captions):
        for slot, wish in enumerate(caption.wishes):
            kind = ANY if wish.kind is None else KINDS.index(wish.kind)
            colour = ANY if wish.colour is None else COLOURS.index(wish.colour)
            wishes[row, slot] = kind, colour, wish.count or ANY
        if caption.surrounding is not None:
            surroundings[row] = SURROUNDINGS.index(caption.surrounding)
    return wishes, surroundings
