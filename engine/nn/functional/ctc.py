"""Connectionist temporal classification loss."""

from __future__ import annotations

from typing import Any

import engine
from engine import errors
from engine.tensor import Tensor

from ..kernels.ctc import ctc_loss as alignments
from .reductions import _reduction


def _lengths(value: Any) -> list[int]:
    if isinstance(value, Tensor):
        return [int(v) for v in value.reshape(-1).tolist()]
    return [int(v) for v in value]


def _check(
    logs: Tensor, targets: Tensor, inputs: list[int], lengths: list[int], blank: int
) -> None:
    if not logs.is_floating_point():
        raise errors.not_implemented("ctc_loss_cpu", logs.dtype.display)
    if not 0 <= blank < logs.shape[2]:
        raise RuntimeError("blank must be in label range")
    for name, values in (("input_lengths", inputs), ("target_lengths", lengths)):
        if len(values) != logs.shape[1]:
            raise RuntimeError(f"{name} must be of size batch_size")
    where = "(while checking arguments for ctc_loss_allocate_outputs)"
    if targets.dim() == 2 and max(lengths, default=0) > targets.shape[1]:
        raise RuntimeError(
            f"Expected tensor to have size at least {max(lengths)} at dimension 1, but got size "
            f"{targets.shape[1]} for argument #2 'targets' {where}"
        )
    for value in inputs:
        if value > logs.shape[0]:
            raise RuntimeError(
                f"Expected input_lengths to have value at most {logs.shape[0]}, but got value "
                f"{value} {where}"
            )


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Minus the log-probability that (T, N, C) reads as `targets`, blanks and repeats removed."""
    reduction = _reduction(reduction)
    batched = log_probs.dim() == 3
    logs = log_probs if batched else log_probs.unsqueeze(1)
    if not batched:
        targets = targets.reshape(1, -1) if targets.dim() else targets
    inputs, lengths = _lengths(input_lengths), _lengths(target_lengths)
    _check(logs, targets, inputs, lengths, blank)
    loss = alignments(logs, targets, inputs, lengths, blank, zero_infinity)
    if zero_infinity:
        loss = engine.where(loss == float("inf"), engine.zeros((), dtype=loss.dtype), loss)
    if reduction == "mean":
        counts = engine.tensor(lengths).clamp_min(1).to(loss.dtype)
        return (loss / counts).mean()  # type: ignore[no-any-return]
    if reduction == "sum":
        return loss.sum()  # type: ignore[no-any-return]
    return loss if batched else loss.squeeze(0)  # type: ignore[no-any-return]
