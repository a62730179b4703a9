"""Converted weights are kept in files, so that processes share their memory."""

import os
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from collections_app.encoders.clip import ClipEncoder

from .models import DEMO_MODEL, Array, draw_pictures, needs_vnni

TEXTS = ["a red car", "two dogs"]


@pytest.fixture
def weights(tmp_path: Path, settings: Any) -> Path:
    settings.SHARED_WEIGHTS_DIR = tmp_path / "weights"
    return tmp_path / "weights"


def encode(folder: Path = DEMO_MODEL, dtype: str = "bfloat16") -> Array:
    encoder = ClipEncoder(str(folder), dtype=dtype)
    return np.concatenate([encoder.encode_texts(TEXTS), encoder.encode_images(draw_pictures(2))])


def encode_unshared(weights: Path, settings: Any) -> Array:
    settings.SHARED_WEIGHTS_DIR = "/dev/null"
    try:
        return encode()
    finally:
        settings.SHARED_WEIGHTS_DIR = weights


def test_every_process_uses_the_pages_of_one_file_with_the_same_vectors(weights: Path, settings: Any) -> None:
    expected = encode_unshared(weights, settings)
    assert np.array_equal(encode(), expected)
    [copy] = weights.iterdir()
    file = copy / "model.safetensors"
    written = file.stat().st_ino
    assert np.array_equal(encode(), expected)
    assert file.stat().st_ino == written
    encoder = ClipEncoder(str(DEMO_MODEL), dtype="bfloat16")
    encoder.encode_texts(TEXTS)
    address = encoder._load().model.text_projection.weight.data_ptr()
    assert str(file) in find_mapping(address)


def test_model_stored_as_it_runs_is_not_copied(weights: Path, copy_model: Any) -> None:
    folder: Path = copy_model()
    AutoModel.from_pretrained(DEMO_MODEL, dtype=torch.bfloat16).save_pretrained(folder)
    encode(folder)
    assert not weights.exists()
    encode(folder, "float32")
    assert len(list(weights.iterdir())) == 1


@needs_vnni
def test_int8_uses_the_pages_that_float32_uses(weights: Path) -> None:
    encode(dtype="float32")
    copies = list(weights.iterdir())
    encode(dtype="int8")
    assert len(copies) == 1
    assert list(weights.iterdir()) == copies


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, None])
def test_damaged_file_is_written_again(weights: Path, settings: Any, content: bytes | None) -> None:
    expected = encode_unshared(weights, settings)
    encode()
    [file] = weights.glob("*/model.safetensors")
    good = file.read_bytes()
    file.write_bytes(good[:-100] if content is None else content)
    assert np.array_equal(encode(), expected)
    assert np.array_equal(encode(), expected)
    assert file.read_bytes() == good


def test_without_room_for_a_copy_the_model_is_loaded_from_its_own_files(weights: Path, settings: Any) -> None:
    expected = encode_unshared(weights, settings)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        found = encode()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert np.array_equal(found, expected)
    assert not list(weights.iterdir())


def test_copies_of_models_no_longer_used_are_deleted(weights: Path) -> None:
    weights.mkdir()
    old, recent = weights / "old-bfloat16", weights / "recent-bfloat16"
    for copy, age_days in ((old, 31), (recent, 29)):
        copy.mkdir()
        os.utime(copy, times=(0, time.time() - age_days * 24 * 3600))
    encode()
    assert not old.exists()
    assert recent.exists()


def find_mapping(address: int) -> str:
    """Return the line of /proc/self/maps that covers the address."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(each, 16) for each in line.split()[0].split("-"))
        if start <= address < end:
            return line
    return ""
