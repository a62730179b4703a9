"""Trains the small CLIP on drawn scenes: `python -m collections_app.demo.train --out DIR [--minutes N | --steps N]`."""

from __future__ import annotations

import argparse
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import CLIPModel

from collections_app.demo.batches import BatchMaker
from collections_app.demo.losses import TrainingHeads, compute_training_loss
from collections_app.demo.model_export import build_model, save_model
from collections_app.demo.patches import draw_pool
from collections_app.demo.tokenizer import train_tokenizer

PEAK_RATE = 1e-3
_WARM_UP = 0.04
_WEIGHT_DECAY = 0.05
_CLIP_NORM = 1.0
_LOG_STEPS = 100
_CHECKPOINT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """Options of a training run. With `steps` it is repeatable to the bit; with `minutes` it takes that long."""

    out: Path
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    pictures: int = 100_000
    workers: int = 1


class Schedule:
    """A learning rate with one warm-up and one cosine decay to zero, over the planned steps or the planned time."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self._started = time.monotonic()
        self.step = 0

    @property
    def progress(self) -> float:
        if self._plan.steps is not None:
            return self.step / self._plan.steps
        return self.elapsed_s / (60 * (self._plan.minutes or 1))

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    @property
    def rate(self) -> float:
        progress = self.progress
        if progress < _WARM_UP:
            return PEAK_RATE * (progress + 1e-3) / _WARM_UP
        return PEAK_RATE * (0.5 + 0.5 * math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


def train(plan: TrainingPlan) -> list[float]:
    """Train, write checkpoints and the model folder, and return the loss of every step."""
    torch.manual_seed(plan.seed)
    pool = draw_pool(plan.pictures, plan.seed, plan.workers)
    tokenizer = train_tokenizer(plan.seed)
    model = build_model(tokenizer)
    heads = TrainingHeads(model.config.vision_config.hidden_size, model.config.projection_dim)
    optimizer = _make_optimizer(model, heads)
    batches = BatchMaker(pool, tokenizer, plan.seed)
    schedule = Schedule(plan)
    losses: list[float] = []
    next_checkpoint_s = _CHECKPOINT_S
    while schedule.progress < 1:
        loss = compute_training_loss(model, heads, batches.make_batch())
        _update(optimizer, loss, schedule.rate)
        losses.append(loss.item())
        schedule.step += 1
        if schedule.step % _LOG_STEPS == 0:
            _report(schedule, losses)
        if schedule.elapsed_s > next_checkpoint_s:
            save_model(model, tokenizer, plan.out)
            next_checkpoint_s += _CHECKPOINT_S
    save_model(model, tokenizer, plan.out)
    return losses


def _make_optimizer(model: CLIPModel, heads: TrainingHeads) -> torch.optim.Optimizer:
    """Return AdamW without weight decay of norms, biases and single numbers."""
    parameters = [*model.parameters(), *heads.parameters()]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": _WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98), fused=True)


def _update(optimizer: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], _CLIP_NORM)
    optimizer.step()


def _report(schedule: Schedule, losses: list[float]) -> None:
    recent = sum(losses[-_LOG_STEPS:]) / _LOG_STEPS
    print(f"step {schedule.step}  {schedule.elapsed_s:.0f} s  {schedule.progress:.1%}  loss {recent:.4f}", flush=True)


def _parse_arguments() -> TrainingPlan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model's files")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="train for this long, without the drawing")
    length.add_argument("--steps", type=int, help="train for exactly this many steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=100_000, help="how many pictures to draw")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw")
    return TrainingPlan(**vars(parser.parse_args()))


if __name__ == "__main__":
    train(_parse_arguments())
