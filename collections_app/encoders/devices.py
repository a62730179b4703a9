"""The device and the number format that a model runs with."""

from dataclasses import dataclass

import torch

from collections_app.errors import ModelUnavailable
from collections_app.errors import gettext_noop as _

from .quantization import can_multiply_int8

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.float32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A device and a number format.

    `dtype` is the format of the weights as they are loaded, also for "int8". `attention` is transformers' name for an
    implementation.
    """

    device: str
    dtype: torch.dtype
    dtype_name: str
    attention: str


def select_placement(dtype: str) -> Placement:
    """Return where to run. "auto" means bfloat16 if the processor multiplies it natively, else float32.

    Raises ModelUnavailable for any name except auto, float32, bfloat16 and int8, and for int8 where it is not faster.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = _find_fast_dtype(device) if dtype == "auto" else dtype
    if name not in _DTYPES:
        sentence = _("CLIP_DTYPE is %(dtype)s; it must be auto, float32, bfloat16 or int8.")
        raise ModelUnavailable(sentence, dtype=dtype)
    if name == "int8" and not (device == "cpu" and can_multiply_int8()):
        raise ModelUnavailable(
            _("CLIP_DTYPE is int8, which needs a processor with VNNI and a machine without a GPU. Set it to auto.")
        )
    # Measured on a CPU with avx512_bf16, ViT-B/32: eager attention is about a tenth faster than sdpa.
    attention = "eager" if device == "cpu" else "sdpa"
    return Placement(device=device, dtype=_DTYPES[name], dtype_name=name, attention=attention)


def _find_fast_dtype(device: str) -> str:
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    capabilities = torch.cpu.get_capabilities()
    return "bfloat16" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "float32"
