"""Where a model is found, and the error when there is none."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from collections_app.encoders import Encoder, get_encoder
from collections_app.encoders.clip import ClipEncoder
from collections_app.errors import EncoderError, ModelUnavailable

from .conftest import CopyModel
from .models import DEMO_MODEL, ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def fill_hub_cache(cache: Path, copy_model: CopyModel) -> Path:
    """Lay the demo model into the cache as if it had been downloaded."""
    repository = cache / "models--somebody--some-clip"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return copy_model(f"hub/{repository.name}/snapshots/{COMMIT}")


@pytest.mark.usefixtures("no_network")
def test_a_folder_is_loaded_without_network() -> None:
    assert ClipEncoder(str(DEMO_MODEL)).encode_texts(["a dog"]).shape == (1, 128)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("revision", ["", "main", COMMIT])
def test_a_downloaded_model_is_found_without_network(hub_cache: Path, copy_model: CopyModel, revision: str) -> None:
    fill_hub_cache(hub_cache, copy_model)
    encoder = ClipEncoder("somebody/some-clip", revision=revision)
    assert encoder.key.startswith(f"somebody/some-clip@{COMMIT[:12]}/")
    assert encoder.encode_texts(["a dog"]).shape == (1, 128)


@pytest.mark.usefixtures("no_network")
def test_weights_older_than_safetensors_are_read(hub_cache: Path, copy_model: CopyModel) -> None:
    folder = fill_hub_cache(hub_cache, copy_model)
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    assert ClipEncoder("somebody/some-clip").encode_texts(["a dog"]).shape == (1, 128)


def refusal(model: str, **options: str) -> str:
    encoder = ClipEncoder(model, **options)
    with pytest.raises(ModelUnavailable) as caught:
        encoder.encode_texts(["a dog"])
    return str(caught.value)


@pytest.mark.usefixtures("hub_cache")
def test_missing_model_is_explained_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal("somebody/some-clip", revision="v2")
    assert message.startswith("The model somebody/some-clip (revision v2) isn't on this machine")
    assert "CLIP_MODEL" in message


@pytest.mark.process
def test_unreachable_hub_fails_within_seconds(tmp_path: Path) -> None:
    program = (
        "from collections_app.encoders.clip import ClipEncoder\n"
        "from collections_app.errors import ModelUnavailable\n"
        "try: ClipEncoder('somebody/some-clip').key\n"
        "except ModelUnavailable as error: print(error)\n"
    )
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{port.getsockname()[1]}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HF_ENDPOINT": closed, "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("The model somebody/some-clip isn't on this machine")


@pytest.mark.parametrize("model", ["/no/such/folder", "./models/clip", "a/b/c"])
def test_missing_folder_is_reported(model: str) -> None:
    assert refusal(model).startswith(f"There is no folder {model}")


def test_folder_without_a_model_is_reported(tmp_path: Path) -> None:
    assert "holds no model" in refusal(str(tmp_path))


def test_an_unknown_number_format_is_refused() -> None:
    assert "CLIP_DTYPE" in refusal(str(DEMO_MODEL), dtype="float8")


def test_int8_is_refused_on_a_processor_without_vnni(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx2": True})
    assert "needs a processor with VNNI" in refusal(str(DEMO_MODEL), dtype="int8")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "preprocessor_config.json"])
def test_damaged_files_are_explained_in_a_sentence(copy_model: CopyModel, name: str) -> None:
    folder = copy_model("model")
    (folder / name).write_bytes(b"{ not what it was")
    assert "can't be loaded" in refusal(str(folder))


def test_missing_weights_are_an_error(copy_model: CopyModel) -> None:
    weights = copy_model("model") / "model.safetensors"
    tensors = load_file(weights)
    del tensors["text_projection.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    assert "lacks 1 of its weights" in refusal(str(weights.parent))


def test_a_model_that_is_no_dual_encoder_is_refused(copy_model: CopyModel) -> None:
    folder = copy_model("model")
    config = json.loads((folder / "config.json").read_text())
    text = config["text_config"] | {"model_type": "clip_text_model"}
    (folder / "config.json").write_text(json.dumps(text))
    assert "doesn't encode both pictures and words" in refusal(str(folder))


def test_settings_select_the_encoder_of_the_process(settings: object) -> None:
    for name, value in (("CLIP_MODEL_PATH", str(DEMO_MODEL)), ("CLIP_REVISION", ""), ("CLIP_DTYPE", "float32")):
        setattr(settings, name, value)
    encoder: Encoder = get_encoder()
    assert encoder is get_encoder()
    assert encoder.dim == 128


@pytest.mark.process
def test_importing_the_package_imports_no_model_library() -> None:
    program = (
        "import sys, collections_app.encoders\n"
        "print(sorted({'torch', 'transformers', 'numpy', 'huggingface_hub'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_of_the_package_are_encoder_errors() -> None:
    assert issubclass(ModelUnavailable, EncoderError)
