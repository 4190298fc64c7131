"""What loss functions share: the reduction, and sizes that must agree."""

from __future__ import annotations

from typing import Any

import engine
from engine import errors, warning
from engine.tensor import Tensor


def retired_reduction(size_average: bool | None, reduce: bool | None, warn: bool = True) -> str:
    """Return the reduction that the retired arguments size_average and reduce mean."""
    size_average = True if size_average is None else size_average
    reduce = True if reduce is None else reduce
    name = "none" if not reduce else "mean" if size_average else "sum"
    if warn:
        warning.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{name}' instead."
        )
    return name


def _reduction(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    if size_average is not None or reduce is not None:
        return retired_reduction(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _apply(value: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return value.mean()  # type: ignore[no-any-return]
    return value.sum() if reduction == "sum" else value


def _same_size(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Warn about different sizes and broadcast."""
    sizes = input.size(), target.size()  # calls: what has no method size() is refused here
    if sizes[0] == sizes[1]:
        return input, target
    warning.warn(
        f"Using a target size ({sizes[1]}) that is different to the input size "
        f"({sizes[0]}). This will likely lead to incorrect results due to broadcasting. Please "
        "ensure they have the same size."
    )
    shape = _common_shape(input, target)
    return (
        input if input.shape == shape else input.expand(shape),
        target if target.shape == shape else target.expand(shape),
    )


def _common_shape(input: Tensor, target: Tensor) -> Any:
    try:
        return engine.broadcast_shapes(input.shape, target.shape)
    except RuntimeError:
        raise errors.mismatch(input.shape, target.shape) from None


def _tensors(function: str, **values: Any) -> None:
    """Raise unless the arguments of a function are tensors."""
    for position, (name, value) in enumerate(values.items(), 1):
        if not isinstance(value, Tensor):
            raise errors.not_tensor(function, name, position, value)


def _broadcasts(a: Any, b: Any) -> bool:
    return all(x in (y, 1) or y == 1 for x, y in zip(reversed(a), reversed(b), strict=False))
