"""Copies of models in the number format that they run with, whose memory all processes of a machine share.

Weights that need no conversion are pages of their file, which the kernel holds once and can drop. Converted weights
would take memory of their own in each process.
"""

import ctypes
import json
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

import torch
from django.conf import settings
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .devices import Placement
from .model_files import ModelFolder

log = logging.getLogger(__name__)

_FILE = "model.safetensors"
_STORED_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}
_FLOATS = {"F64", "F32", "F16", "BF16"}
_UNUSED_S = 30 * 24 * 3600.0


def find_shared_copy(folder: ModelFolder, placement: Placement) -> Path | None:
    """Return a folder with the model's converted weights, which the first process makes in SHARED_WEIGHTS_DIR.

    Returns None if a copy would save no memory or cannot be made: the model is then loaded from its own folder.
    """
    files = _list_files(folder.path)
    if placement.device != "cpu" or not files or _find_formats(files) <= {_STORED_NAMES[placement.dtype]}:
        return None
    copy = Path(settings.SHARED_WEIGHTS_DIR) / f"{folder.ident}-{str(placement.dtype).removeprefix('torch.')}"
    try:
        if not (copy / _FILE).is_file():
            _delete_unused(copy.parent)
            _convert(folder.path, files, placement.dtype, copy)
        os.utime(copy)
    except (OSError, SafetensorError) as error:  # save_file raises the latter for a full disk
        log.warning("Each process keeps its own copy of the model's weights: %s", error)
        return None
    return copy


def discard_shared_copy(copy: Path, error: Exception) -> None:
    """Delete a copy that cannot be loaded, so that the next process makes it again."""
    log.warning("The copy of the model in %s is damaged: %s", copy, error)
    shutil.rmtree(copy, ignore_errors=True)


def _list_files(path: Path) -> list[Path]:
    """Return the files that transformers reads: folders may hold others, with the same weights in other formats."""
    if (path / _FILE).is_file():
        return [path / _FILE]
    index = path / f"{_FILE}.index.json"
    if not index.is_file():
        return []
    return [path / name for name in sorted(set(json.loads(index.read_text())["weight_map"].values()))]


def _find_formats(files: list[Path]) -> set[str]:
    """Return safetensors' names of the number formats, whole numbers aside."""
    names: set[str] = set()
    for file in files:
        with safe_open(file, framework="pt") as weights:
            names |= {weights.get_slice(key).get_dtype() for key in weights.keys()}  # noqa: SIM118
    return names & _FLOATS


def _convert(path: Path, files: list[Path], dtype: torch.dtype, copy: Path) -> None:
    """Make the copy completely or not at all, also if the machine fails meanwhile."""
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=copy.parent))
    try:
        shutil.copy(path / "config.json", fresh)
        tensors = {}
        for file in files:
            with safe_open(file, framework="pt") as weights:
                for key in weights.keys():  # noqa: SIM118
                    tensor = weights.get_tensor(key)
                    tensors[key] = tensor.to(dtype) if tensor.is_floating_point() else tensor
        save_file(tensors, fresh / _FILE, metadata={"format": "pt"})
        with (fresh / _FILE).open("rb") as written:
            os.fsync(written.fileno())
        if not (copy / _FILE).is_file():  # another process may have been faster
            shutil.rmtree(copy, ignore_errors=True)
            fresh.rename(copy)
        tensors.clear()
        if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # only in glibc
            libc.malloc_trim(0)  # otherwise the first process stays larger than the others by 120 MB
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _delete_unused(folder: Path) -> None:
    """Delete the copies that no process has loaded for 30 days. Processes that still run with one keep its pages."""
    for copy in folder.iterdir() if folder.is_dir() else ():
        if copy.stat().st_mtime < time.time() - _UNUSED_S:
            shutil.rmtree(copy, ignore_errors=True)
