"""Training, end to end and in its parts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from collections_app.demo.batches import BatchMaker
from collections_app.demo.losses import compute_contrastive_loss
from collections_app.demo.patches import GRID, draw_pool
from collections_app.demo.scenes import KINDS
from collections_app.demo.tokenizer import train_tokenizer
from collections_app.demo.train import TrainingPlan, train

STEPS = 10


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float], list[float]]:
    folder = tmp_path_factory.mktemp("trained")
    first, second = (train(TrainingPlan(out=folder, steps=STEPS, seed=11, pictures=300)) for _ in range(2))
    return folder, first, second


def test_ten_training_steps_produce_a_model_that_loads(losses: tuple[Path, list[float], list[float]]) -> None:
    folder, first, _ = losses
    assert len(first) == STEPS
    model = AutoModel.from_pretrained(folder, use_safetensors=True, local_files_only=True)
    assert model.config.projection_dim == 128


def test_the_same_seed_gives_the_same_losses(losses: tuple[Path, list[float], list[float]]) -> None:
    _, first, second = losses
    assert first == pytest.approx(second, rel=1e-4)


def test_training_lowers_the_loss(losses: tuple[Path, list[float], list[float]]) -> None:
    _, first, _ = losses
    assert first[-1] < first[0]


def test_pool_depends_on_its_seed_but_not_on_the_number_of_workers() -> None:
    alone, shared, other = draw_pool(600, 5), draw_pool(600, 5, workers=2), draw_pool(600, 6)
    assert np.array_equal(alone.pixels, shared.pixels)
    assert alone.scenes == shared.scenes != other.scenes


def test_patch_labels_name_only_what_the_scene_shows() -> None:
    pool = draw_pool(100, 5)
    assert pool.patch_kinds.shape == (100, GRID * GRID)
    for scene, kinds in zip(pool.scenes, pool.patch_kinds, strict=True):
        shown = {KINDS[kind - 1] for kind in kinds if kind}
        assert scene.main.kind in shown
        assert shown <= {group.kind for group in scene.groups}


def test_truth_matrix_agrees_with_the_captions() -> None:
    pool = draw_pool(200, 5)
    batch = BatchMaker(pool, train_tokenizer(caption_count=500), seed=1).make_batch()
    own_picture = torch.arange(len(batch.truth)) // 2
    assert batch.truth[torch.arange(len(batch.truth)), own_picture].all()
    assert 0.01 < batch.truth.float().mean().item() < 0.3


def test_contrastive_loss_is_least_when_all_true_pairs_score_alike() -> None:
    truth = torch.tensor([[True, True, False], [False, False, True]])
    good = torch.where(truth, 5.0, -5.0)
    lopsided = good + torch.tensor([[4.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert (
        compute_contrastive_loss(good, truth)
        < compute_contrastive_loss(lopsided, truth)
        < compute_contrastive_loss(-good, truth)
    )


def test_batches_hold_one_kind_in_several_colours() -> None:
    batch = BatchMaker(draw_pool(500, 5), train_tokenizer(caption_count=500), seed=2).make_batch()
    assert torch.bincount(batch.groups[:, 0, 0]).max() >= 4


def test_batches_pair_scenes_with_their_colour_swapped_versions() -> None:
    groups = BatchMaker(draw_pool(500, 5), train_tokenizer(caption_count=500), seed=2).make_batch().groups
    pairs = {tuple(row.flatten().tolist()) for row in groups if row.min() >= 0}
    swapped = [(a, d, n, b, c, m) for a, c, n, b, d, m in pairs if (a, d, n, b, c, m) in pairs and c != d]
    assert swapped
