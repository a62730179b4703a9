"""Linear layers that multiply whole numbers of 8 bits, for processors that are slow at bfloat16.

The operator is the one that torch's compiler uses on x86 processors. Measured on one thread with VNNI alone, ViT-B/32:
0.6 of the time of float32. torchao's layers took 0.7 of it; those of torch.ao.quantization will be removed.
"""

from functools import cached_property

import torch
from torch import nn

_MAX_WHOLE = 127
_ZERO = 128  # the unsigned number that stands for 0
_MIN_SCALE = 1e-12  # of a row of zeros


class Int8Linear(nn.Module):
    """Quantize each row of the weights and each row of the input with a scale of its own.

    A vector therefore does not depend on the other pictures of its batch. The weights are packed at the first call: a
    process that encodes only texts spends no memory on the image tower.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.bias: nn.Parameter | None = linear.bias

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return about what the linear layer returns: float32, shape (..., out_features)."""
        weights, weight_scales, weight_zeros = self._packed
        rows = values.reshape(-1, self.linear.in_features)
        scales = _compute_scales(rows)
        # Whole numbers with a sign would be as exact, but without AMX they are many times slower.
        whole = (rows / scales).round_().add_(_ZERO).to(torch.uint8)
        result: torch.Tensor = torch.ops.onednn.qlinear_pointwise(
            *(whole, 1.0, _ZERO),
            *(weights, weight_scales, weight_zeros),
            None,  # the bias is added below, after the scales of the rows
            *(1.0, 0, torch.float32),
            *("none", [], ""),  # no further operation
        )
        if self.bias is None:
            result.mul_(scales)
        else:
            torch.addcmul(self.bias, result, scales, out=result)
        return result.reshape(*values.shape[:-1], self.linear.out_features)

    @cached_property
    def _packed(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        weights = self.linear.weight.detach()
        scales = _compute_scales(weights)
        whole = (weights / scales).round_().to(torch.int8)
        return (
            torch.ops.onednn.qlinear_prepack(whole, None),
            scales.flatten(),
            torch.zeros(len(whole), dtype=torch.int32),
        )


def can_multiply_int8() -> bool:
    """Return whether the processor adds products of 8 bits exactly and fast: with VNNI, on x86."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_vnni") or capabilities.get("avx_vnni"))


def use_int8(module: nn.Module) -> None:
    """Replace the linear layers inside a module. Layers whose weights other modules read directly stay as they are."""
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            setattr(module, name, Int8Linear(child))
        else:
            use_int8(child)


def _compute_scales(rows: torch.Tensor) -> torch.Tensor:
    """Return for each row what 1 stands for, shape (len(rows), 1)."""
    return rows.abs().amax(dim=1, keepdim=True).div_(_MAX_WHOLE).clamp_(min=_MIN_SCALE)
