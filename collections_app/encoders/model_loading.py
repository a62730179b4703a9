"""Loading a dual encoder from a folder with transformers."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from collections_app.errors import ModelUnavailable
from collections_app.errors import gettext_noop as _

from .devices import Placement
from .model_files import ModelFolder, has_safe_weights
from .preprocessing import Preprocess, make_preprocess
from .quantization import use_int8
from .shared_weights import discard_shared_copy, find_shared_copy

# transformers and its file readers raise these for incomplete, damaged or other folders.
_LOAD_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ImportError,
    RuntimeError,
    SafetensorError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """The parts of a loaded model. `tokenizer_lock` guards the tokenizer, which stores padding and truncation."""

    model: Any
    preprocess: Preprocess
    tokenizer: Any
    context_length: int
    is_siglip: bool
    tokenizer_lock: threading.Lock = field(default_factory=threading.Lock)

    def tokenize(self, texts: Sequence[str]) -> Any:
        """Return the text tower's input: a batch of tensors on the CPU.

        SigLIP was trained on lower-case texts, padded to the full context, without a mask over the padding. The same
        padding would only slow CLIP down. CLIP's tokenizer converts to lower case itself, SigLIP 2's does not.
        """
        # Tokenizers reject lone surrogates.
        clean = [text.encode("utf-8", "ignore").decode("utf-8") for text in texts]
        with self.tokenizer_lock:
            return self.tokenizer(
                [text.lower() for text in clean] if self.is_siglip else clean,
                padding="max_length" if self.is_siglip else True,
                return_attention_mask=not self.is_siglip,
                truncation=True,
                max_length=self.context_length,
                return_tensors="pt",
            )


def read_dim(path: Path) -> int:
    """Return the length of the model's vectors. Reads only the configuration.

    CLIP calls it projection_dim, SigLIP the text tower's projection_size.
    """
    with _translate_errors(path):
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        text = config.get_text_config()
        for value in (getattr(config, "projection_dim", None), getattr(text, "projection_size", None)):
            if value:
                return int(value)
        return int(text.hidden_size)


def load_model(folder: ModelFolder, placement: Placement) -> LoadedModel:
    """Return the model in evaluation mode on its device, without network access.

    Raises ModelUnavailable if the folder holds no complete dual encoder.
    """
    path = folder.path
    with _silence_transformers(), _translate_errors(path):
        model, missing = _load_weights(folder, placement)
        processor = AutoImageProcessor.from_pretrained(path, local_files_only=True, backend="pil")
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    _check_complete(path, model, missing)
    if placement.dtype_name == "int8":
        with _translate_errors(path):
            use_int8(model.vision_model)
    return LoadedModel(
        model=model.eval().to(placement.device),
        preprocess=make_preprocess(processor),
        tokenizer=tokenizer,
        context_length=model.config.get_text_config().max_position_embeddings,
        is_siglip=model.config.model_type.startswith("siglip"),
    )


def _load_weights(folder: ModelFolder, placement: Placement) -> tuple[Any, set[str]]:
    """Return the model and the names of the weights that its files lack."""
    copy = find_shared_copy(folder, placement)
    if copy:
        try:
            return _read_weights(copy, placement)
        except _LOAD_ERRORS as error:
            discard_shared_copy(copy, error)
    return _read_weights(folder.path, placement)


def _read_weights(path: Path, placement: Placement) -> tuple[Any, set[str]]:
    model, report = AutoModel.from_pretrained(
        path,
        local_files_only=True,
        use_safetensors=has_safe_weights(path),
        dtype=placement.dtype,
        attn_implementation=placement.attention,
        output_loading_info=True,
    )
    return model, report["missing_keys"]


def _check_complete(path: Path, model: Any, missing: set[str]) -> None:
    if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
        sentence = _("The model in %(path)s doesn't encode both pictures and words. Set CLIP_MODEL to another one.")
        raise ModelUnavailable(sentence, path=str(path))
    # transformers would fill missing weights with random numbers and only warn.
    if missing:
        sentence = _("The model in %(path)s lacks %(count)s of its weights. Download or copy it again.")
        raise ModelUnavailable(sentence, path=str(path), count=len(missing))


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except _LOAD_ERRORS as error:
        sentence = _(
            "The model in %(path)s can't be loaded. Download or copy it again, or set CLIP_MODEL to another one."
        )
        raise ModelUnavailable(sentence, path=str(path)) from error


@contextmanager
def _silence_transformers() -> Iterator[None]:
    """Hide progress bars and notes about unused weights while a model loads, and restore them afterwards."""
    verbosity, has_bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if has_bars:
            transformers_logging.enable_progress_bar()
