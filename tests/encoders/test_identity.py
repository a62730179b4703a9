"""The model key: equal where vectors may be compared, different otherwise."""

import json
from pathlib import Path

import pytest

from collections_app.encoders.clip import ClipEncoder

from .conftest import CopyModel
from .models import DEMO_MODEL, needs_vnni


def key(folder: Path, dtype: str = "float32") -> str:
    return ClipEncoder(str(folder), dtype=dtype).key


def test_key_names_folder_fingerprint_dtype_and_preprocessing() -> None:
    name, rest = key(DEMO_MODEL).split("@")
    ident, dtype, preprocessing = rest.split("/")
    assert (name, len(ident), dtype, len(preprocessing)) == (DEMO_MODEL.name, 12, "float32", 8)


def test_copy_of_a_model_has_the_same_key(copy_model: CopyModel) -> None:
    assert key(copy_model("a/model")) == key(copy_model("b/model")) == key(DEMO_MODEL)


def test_unrelated_files_do_not_change_the_key(copy_model: CopyModel) -> None:
    folder = copy_model("model")
    (folder / "README.md").write_text("words")
    (folder / "training.json").write_text("{}")
    assert key(folder) == key(DEMO_MODEL)


def test_one_byte_of_the_weights_changes_the_key(copy_model: CopyModel) -> None:
    weights = copy_model("model") / "model.safetensors"
    before = key(weights.parent)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert key(weights.parent) != before


def test_dtype_changes_the_key() -> None:
    assert key(DEMO_MODEL, "float32") != key(DEMO_MODEL, "bfloat16")
    assert key(DEMO_MODEL, "auto") in {key(DEMO_MODEL, "float32"), key(DEMO_MODEL, "bfloat16")}


@needs_vnni
def test_int8_has_a_key_of_its_own() -> None:
    assert len({key(DEMO_MODEL, dtype) for dtype in ("int8", "float32", "bfloat16")}) == 3


@pytest.mark.parametrize("name", ["preprocessor_config.json", "config.json"])
def test_preprocessing_changes_the_last_part_of_the_key(copy_model: CopyModel, name: str) -> None:
    folder = copy_model("model")
    settings = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(settings | {"image_mean": [0.1, 0.1, 0.1]}))
    assert key(folder).split("/")[-1] != key(DEMO_MODEL).split("/")[-1]


def test_key_and_dim_load_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers.AutoModel.from_pretrained", lambda *_, **__: pytest.fail("weights were loaded"))
    encoder = ClipEncoder(str(DEMO_MODEL))
    assert (bool(encoder.key), encoder.dim) == (True, 128)
