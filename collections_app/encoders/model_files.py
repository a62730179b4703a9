"""From a model's name to a folder on this machine: given, found in the hub's cache, or downloaded once."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    XetDownloadError,
)

from collections_app.errors import ModelUnavailable
from collections_app.errors import gettext_noop as _

from .fingerprints import content_fingerprint

_SETTINGS_FILES = [
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.model",
]
_SAFE_WEIGHTS = ["*.safetensors", "*.safetensors.index.json"]
# Not every repository has safetensors on its main branch; transformers reads these without executing what they hold.
_OLD_WEIGHTS = ["pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json"]
IDENT_LETTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """Where a model lies. `name` and `ident` are the same on every machine that has the same model."""

    path: Path
    name: str
    ident: str


def find_model(model: str, revision: str = "") -> ModelFolder:
    """Return the folder of `model`, a folder's path or a hub id; downloads only what is not on this machine.

    Raises ModelUnavailable if there is no such model here and none can be downloaded.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return _given_folder(path.resolve())
    path = _cached(model, revision) or _downloaded(model, revision)
    return ModelFolder(path=path, name=model, ident=path.name[:IDENT_LETTERS])


def has_safe_weights(path: Path) -> bool:
    """Whether the folder holds safetensors."""
    return any(path.glob("*.safetensors"))


def _given_folder(path: Path) -> ModelFolder:
    if not _is_complete(path):
        sentence = _(
            "The folder %(path)s holds no model: a config.json and a *.safetensors file are needed. "
            "Set CLIP_MODEL to a folder that has them."
        )
        raise ModelUnavailable(sentence, path=str(path))
    files = [file for pattern in _SETTINGS_FILES + _weights_patterns(path) for file in path.glob(pattern)]
    return ModelFolder(path=path, name=path.name, ident=content_fingerprint(files)[:IDENT_LETTERS])


def _weights_patterns(path: Path) -> list[str]:
    return _SAFE_WEIGHTS if has_safe_weights(path) else _OLD_WEIGHTS


def _is_complete(path: Path) -> bool:
    return (path / "config.json").is_file() and any(
        file.suffix != ".json" for pattern in _SAFE_WEIGHTS + _OLD_WEIGHTS for file in path.glob(pattern)
    )


def _cached(model: str, revision: str) -> Path | None:
    for weights in (_SAFE_WEIGHTS, _OLD_WEIGHTS):
        try:
            path = _snapshot(model, revision, weights, local_files_only=True)
        except LocalEntryNotFoundError:
            continue
        except HFValidationError as error:
            sentence = _(
                "There is no folder %(model)s, and it is no name of a model either. "
                "Set CLIP_MODEL to a folder, to a name like openai/clip-vit-base-patch32, or to demo."
            )
            raise ModelUnavailable(sentence, model=model) from error
        if _is_complete(path):
            return path
    return None


def _downloaded(model: str, revision: str) -> Path:
    try:
        path = _snapshot(model, revision, _SAFE_WEIGHTS)
        if not has_safe_weights(path):
            path = _snapshot(model, path.name, _OLD_WEIGHTS)
    except (OSError, HTTPError, XetDownloadError) as error:
        raise _not_here(model, revision) from error
    if not _is_complete(path):
        sentence = _("%(model)s on the hub is not a model that can be loaded here. Set CLIP_MODEL to another one.")
        raise ModelUnavailable(sentence, model=model)
    return path


def _snapshot(model: str, revision: str, weights: list[str], *, local_files_only: bool = False) -> Path:
    return Path(
        snapshot_download(
            model,
            revision=revision or None,
            allow_patterns=_SETTINGS_FILES + weights,
            local_files_only=local_files_only,
        )
    )


def _not_here(model: str, revision: str) -> ModelUnavailable:
    what = f"{model} (revision {revision})" if revision else model
    sentence = _(
        "The model %(model)s is not on this machine and could not be downloaded. Start once with a network "
        "connection, or set CLIP_MODEL to the path of a folder that holds it, or to demo for the small model that "
        "comes along."
    )
    return ModelUnavailable(sentence, model=what)
