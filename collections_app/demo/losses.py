"""What training minimises: contrastive terms over the truth matrix, and heads that are dropped afterwards."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel

from collections_app.demo.batches import ANY, Batch
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


def training_loss(model: CLIPModel, heads: TrainingHeads, batch: Batch) -> Tensor:
    """The scalar to minimise for one batch; towers in bfloat16 where the processor is fast at it, losses in float32."""
    with torch.autocast("cpu", torch.bfloat16, enabled=_MIXED_PRECISION):
        vision = model.vision_model(pixel_values=batch.pixel_values, output_hidden_states=True)
        pictures = model.visual_projection(vision.pooler_output).float()
        text = model.text_model(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
        texts = model.text_projection(text.pooler_output).float()
        patches = vision.hidden_states[_DENSE_LAYER][:, 1:].float()
    cosines = functional.normalize(texts) @ functional.normalize(pictures).T
    scale = model.logit_scale.exp().clamp(max=_MAX_LOGIT_SCALE)
    return (
        contrastive_loss(scale * cosines, batch.truth)
        + _SIGMOID_WEIGHT * sigmoid_loss(heads.sigmoid_scale.exp() * cosines + heads.sigmoid_bias, batch.truth)
        + _DENSE_WEIGHT * _dense_loss(heads, patches, batch)
        + _HEAD_WEIGHT * (_picture_loss(heads, pictures, batch) + _text_loss(heads, texts, batch))
    )


def contrastive_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy to the uniform distribution over all that is true, by row and by column."""
    target = truth.float()
    by_caption = -(target / target.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1)
    by_picture = -(target / target.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0)
    return (by_caption.mean() + by_picture.mean()) / 2


def sigmoid_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Each caption and picture judged alone (SigLIP), with the true and the false pairs weighing the same."""
    losses = functional.binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
    return losses[truth].mean() + losses[~truth].mean()


def _dense_loss(heads: TrainingHeads, patches: Tensor, batch: Batch) -> Tensor:
    kinds = functional.cross_entropy(heads.patch_kind(patches).flatten(0, 1), batch.patch_kinds.flatten())
    colours = functional.cross_entropy(heads.patch_colour(patches).flatten(0, 1), batch.patch_colours.flatten())
    return kinds + colours


def _picture_loss(heads: TrainingHeads, pictures: Tensor, batch: Batch) -> Tensor:
    kinds = _presence(batch.groups[:, :, 0], len(KINDS))
    colours = _presence(batch.groups[:, :, 1], len(COLOURS))
    facts = functional.binary_cross_entropy_with_logits(
        heads.picture_facts(pictures), torch.cat([kinds, colours], 1), reduction="none"
    )
    surroundings = functional.cross_entropy(heads.picture_surrounding(pictures), batch.surroundings)
    counts = functional.cross_entropy(heads.picture_count(pictures), batch.groups[:, 0, 2] - 1)
    return facts.sum(1).mean() / 2 + surroundings + counts


def _presence(codes: Tensor, classes: int) -> Tensor:
    """One row a picture, 1 for each class that one of its groups has; negative codes are absent groups."""
    one_hot = functional.one_hot(codes.clamp(min=0), classes) * (codes >= 0).unsqueeze(-1)
    return one_hot.amax(1).float()


def _text_loss(heads: TrainingHeads, texts: Tensor, batch: Batch) -> Tensor:
    kind, colour, count = batch.wishes.unbind(1)
    targets = (kind - ANY, colour - ANY, count.clamp(min=0), batch.wished_surroundings - ANY)
    losses = [
        functional.cross_entropy(head(texts), target) for head, target in zip(heads.text_facts, targets, strict=True)
    ]
    return torch.stack(losses).sum()
