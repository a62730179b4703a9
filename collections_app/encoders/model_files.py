"""The files of a model: a folder, the hub's cache or a download; and their fingerprints."""

import functools
import hashlib
from collections.abc import Iterable
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
# Not every repository has safetensors on its main branch; transformers reads these without executing code in them.
_OLD_WEIGHTS = ["pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json"]
IDENT_LETTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model on this machine. `name` and `ident` are the same on every machine that has the same model."""

    path: Path
    name: str
    ident: str


def find_model(model: str, revision: str = "") -> ModelFolder:
    """Return the folder of `model`, a path or a hub id. Files that are missing on this machine are downloaded.

    Raises ModelUnavailable if the model is not here and cannot be downloaded.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return _inspect_folder(path.resolve())
    path = _find_cached(model, revision) or _download(model, revision)
    return ModelFolder(path=path, name=model, ident=path.name[:IDENT_LETTERS])


def check_model_files(model: str, revision: str = "") -> None:
    """Raise ModelUnavailable unless the files of `model` are on this machine. Downloads and reads nothing."""
    path = Path(model).expanduser()
    if path.is_dir():
        _refuse_incomplete(path)
    elif _find_cached(model, revision) is None:
        raise _make_missing_error(model, revision)


def has_safe_weights(path: Path) -> bool:
    """Return whether the folder holds safetensors."""
    return any(path.glob("*.safetensors"))


def hash_files(files: Iterable[Path]) -> str:
    """Return one SHA-256 over the names and contents of the files. Their folders and their order do not matter."""
    digest = hashlib.sha256()
    for file in sorted(set(files), key=lambda file: file.name):
        status = file.stat()
        digest.update(f"{file.name}\0{_hash_file(file, status.st_size, status.st_mtime_ns)}\n".encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=256)
def _hash_file(file: Path, size: int, mtime_ns: int) -> str:
    """`size` and `mtime_ns` belong to the cache's key: 600 MB are hashed once, a changed file is hashed again."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _refuse_incomplete(path: Path) -> None:
    if not _is_complete(path):
        sentence = _(
            "The folder %(path)s holds no model: it needs a config.json and a *.safetensors file. "
            "Set CLIP_MODEL to a folder that has them."
        )
        raise ModelUnavailable(sentence, path=str(path))


def _inspect_folder(path: Path) -> ModelFolder:
    _refuse_incomplete(path)
    files = [file for pattern in _SETTINGS_FILES + _get_weights_patterns(path) for file in path.glob(pattern)]
    return ModelFolder(path=path, name=path.name, ident=hash_files(files)[:IDENT_LETTERS])


def _get_weights_patterns(path: Path) -> list[str]:
    return _SAFE_WEIGHTS if has_safe_weights(path) else _OLD_WEIGHTS


def _is_complete(path: Path) -> bool:
    return (path / "config.json").is_file() and any(
        file.suffix != ".json" for pattern in _SAFE_WEIGHTS + _OLD_WEIGHTS for file in path.glob(pattern)
    )


def _find_cached(model: str, revision: str) -> Path | None:
    for weights in (_SAFE_WEIGHTS, _OLD_WEIGHTS):
        try:
            path = _fetch_snapshot(model, revision, weights, local_files_only=True)
        except LocalEntryNotFoundError:
            continue
        except HFValidationError as error:
            sentence = _(
                "There is no folder %(model)s, and it isn't a model name either. "
                "Set CLIP_MODEL to a folder, to a name like openai/clip-vit-base-patch32, or to demo."
            )
            raise ModelUnavailable(sentence, model=model) from error
        if _is_complete(path):
            return path
    return None


def _download(model: str, revision: str) -> Path:
    try:
        path = _fetch_snapshot(model, revision, _SAFE_WEIGHTS)
        if not has_safe_weights(path):
            path = _fetch_snapshot(model, path.name, _OLD_WEIGHTS)
    except (OSError, HTTPError, XetDownloadError) as error:
        raise _make_missing_error(model, revision) from error
    if not _is_complete(path):
        sentence = _("The model %(model)s on the hub can't be loaded here. Set CLIP_MODEL to another one.")
        raise ModelUnavailable(sentence, model=model)
    return path


def _fetch_snapshot(model: str, revision: str, weights: list[str], *, local_files_only: bool = False) -> Path:
    return Path(
        snapshot_download(
            model,
            revision=revision or None,
            allow_patterns=_SETTINGS_FILES + weights,
            local_files_only=local_files_only,
        )
    )


def _make_missing_error(model: str, revision: str) -> ModelUnavailable:
    name = f"{model} (revision {revision})" if revision else model
    sentence = _(
        "The model %(model)s isn't on this machine and couldn't be downloaded. Start once with a network "
        "connection, or set CLIP_MODEL to the folder that holds it, or to demo for the small model that is included."
    )
    return ModelUnavailable(sentence, model=name)
