"""The training loss: contrastive terms over the truth matrix, and heads that only training uses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel

from collections_app.demo.batches import ANY, TrainingBatch
from collections_app.demo.scenes import COLOURS, KINDS, MAX_COUNT, SURROUNDINGS

_DENSE_LAYER = -3
_SIGMOID_WEIGHT = 0.2
_DENSE_WEIGHT = 1.0
_HEAD_WEIGHT = 0.25
_MAX_LOGIT_SCALE = 60.0
_MIXED_PRECISION = bool(torch.cpu.get_capabilities().get("avx512_bf16"))


class TrainingHeads(nn.Module):
    """Linear heads on the patches and on both embeddings, and the sigmoid term's scale and bias."""

    def __init__(self, vision_width: int, embedding_width: int) -> None:
        super().__init__()
        self.patch_kind = nn.Linear(vision_width, 1 + len(KINDS))
        self.patch_colour = nn.Linear(vision_width, 1 + len(COLOURS))
        facts = len(KINDS) + len(COLOURS)
        self.picture_facts = nn.Linear(embedding_width, facts)
        self.picture_surrounding = nn.Linear(embedding_width, len(SURROUNDINGS))
        self.picture_count = nn.Linear(embedding_width, MAX_COUNT)
        sizes = (1 + len(KINDS), 1 + len(COLOURS), 1 + MAX_COUNT, 1 + len(SURROUNDINGS))
        self.text_facts = nn.ModuleList(nn.Linear(embedding_width, size) for size in sizes)
        self.sigmoid_scale = nn.Parameter(torch.tensor(10.0).log())
        self.sigmoid_bias = nn.Parameter(torch.tensor(-5.0))


def compute_training_loss(model: CLIPModel, heads: TrainingHeads, batch: TrainingBatch) -> Tensor:
    """Return the scalar loss of a batch. Losses are float32; the towers use bfloat16 if the processor is fast at it."""
    with torch.autocast("cpu", torch.bfloat16, enabled=_MIXED_PRECISION):
        vision = model.vision_model(pixel_values=batch.pixel_values, output_hidden_states=True)
        pictures = model.visual_projection(vision.pooler_output).float()
        text = model.text_model(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
        texts = model.text_projection(text.pooler_output).float()
        patches = vision.hidden_states[_DENSE_LAYER][:, 1:].float()
    cosines = functional.normalize(texts) @ functional.normalize(pictures).T
    scale = model.logit_scale.exp().clamp(max=_MAX_LOGIT_SCALE)
    return (
        compute_contrastive_loss(scale * cosines, batch.truth)
        + _SIGMOID_WEIGHT * compute_sigmoid_loss(heads.sigmoid_scale.exp() * cosines + heads.sigmoid_bias, batch.truth)
        + _DENSE_WEIGHT * _compute_dense_loss(heads, patches, batch)
        + _HEAD_WEIGHT * (_compute_picture_loss(heads, pictures, batch) + _compute_text_loss(heads, texts, batch))
    )


def compute_contrastive_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the cross-entropy to the uniform distribution over all true pairs, by row and by column."""
    target = truth.float()
    by_caption = -(target / target.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1)
    by_picture = -(target / target.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0)
    return (by_caption.mean() + by_picture.mean()) / 2


def compute_sigmoid_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the sigmoid loss of single pairs (SigLIP). True and false pairs have the same total weight."""
    losses = functional.binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
    return losses[truth].mean() + losses[~truth].mean()


def _compute_dense_loss(heads: TrainingHeads, patches: Tensor, batch: TrainingBatch) -> Tensor:
    kinds = functional.cross_entropy(heads.patch_kind(patches).flatten(0, 1), batch.patch_kinds.flatten())
    colours = functional.cross_entropy(heads.patch_colour(patches).flatten(0, 1), batch.patch_colours.flatten())
    return kinds + colours


def _compute_picture_loss(heads: TrainingHeads, pictures: Tensor, batch: TrainingBatch) -> Tensor:
    kinds = _mark_present(batch.groups[:, :, 0], len(KINDS))
    colours = _mark_present(batch.groups[:, :, 1], len(COLOURS))
    facts = functional.binary_cross_entropy_with_logits(
        heads.picture_facts(pictures), torch.cat([kinds, colours], 1), reduction="none"
    )
    surroundings = functional.cross_entropy(heads.picture_surrounding(pictures), batch.surroundings)
    counts = functional.cross_entropy(heads.picture_count(pictures), batch.groups[:, 0, 2] - 1)
    return facts.sum(1).mean() / 2 + surroundings + counts


def _mark_present(codes: Tensor, classes: int) -> Tensor:
    """Return one row per picture with 1 for each class among its groups. Negative codes are absent groups."""
    one_hot = functional.one_hot(codes.clamp(min=0), classes) * (codes >= 0).unsqueeze(-1)
    return one_hot.amax(1).float()


def _compute_text_loss(heads: TrainingHeads, texts: Tensor, batch: TrainingBatch) -> Tensor:
    kind, colour, count = batch.wishes.unbind(1)
    targets = (kind - ANY, colour - ANY, count.clamp(min=0), batch.wished_surroundings - ANY)
    losses = [
        functional.cross_entropy(head(texts), target) for head, target in zip(heads.text_facts, targets, strict=True)
    ]
    return torch.stack(losses).sum()
